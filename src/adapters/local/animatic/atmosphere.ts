import { createFlames } from './flames.ts';
import { createFog } from './fog.ts';
import { createGrain } from './grain.ts';
import { createHeat } from './heat.ts';
import type { Density, Overlay } from './overlay.ts';
import { createParticles } from './particles.ts';
import { createRain } from './rain.ts';
import { createRays } from './rays.ts';
import { createSmoke } from './smoke.ts';
import { createSnow } from './snow.ts';
import { createSparks } from './sparks.ts';
import { createWater } from './water.ts';

/** In drawing order: what bends the picture, what lights it, then far to near. */
const MAKERS = {
  water: createWater,
  heat: createHeat,
  flames: createFlames,
  fog: createFog,
  smoke: createSmoke,
  rays: createRays,
  snow: createSnow,
  rain: createRain,
  particles: createParticles,
  sparks: createSparks,
  grain: createGrain,
} satisfies Record<string, (size: { width: number; height: number; fps: number }, density: Density, seed: number) => Overlay>;

export interface Effect {
  kind: keyof typeof MAKERS;
  density: Density;
}

const WEATHER = '(?:fog|mist|haze|rain|wind|sleet|hail|storm|drizzle)';
const BESIDE = String.raw`(?:\s*[,&+]\s*(?:and\s+|with\s+)?|\s+(?:and|with|or|plus|mixed\s+with)\s+)(?:(?!no\b|without\b)\w+\s+)?`;
/** "Snow" alone mostly lies on the ground; next to other weather ("snow and thick fog") it falls. */
const SNOW_BESIDE = String.raw`snow(?=${BESIDE}${WEATHER}\b)|(?<=\b${WEATHER}${BESIDE})snow\b(?!-)`;
const SNOW =
  'snow(?:fall|flakes?|ing|storm|s)|blizzard|flurries|(?:falling|drifting|swirling|fresh|light|heavy|gentle|soft|thick|floating)\\s+snow|snow\\s+(?:is\\s+)?(?:falls?|falling|drifts?|drifting|swirls?|swirling|comes down|coming down)';

const WATER = '(?:water|sea|ocean|lake|river|pond|pool|surf|surface)';
const SHIMMER = '(?:shimmer|rippl|glisten|glint|sparkl|glitter|undulat)(?:e|es|ed|ing|ering|s)?';
const FIRE = String.raw`(?:flames?|fire(?:light|s|place|pit)?|camp-?fire|bonfire|candles?|candle-?light|torch-?light|flickering\s+(?:\w+\s+)?light)`;
/** Things that only have fire in their name. */
const NO_FIRE = String.raw`(?![\s-](?:trucks?|engines?|hydrants?|escapes?|stations?|extinguishers?|fighters?|alarms?|doors?|red|orange)\b)`;

const WORDS: readonly (readonly [Effect['kind'], RegExp])[] = [
  [
    'water',
    new RegExp(String.raw`\b${SHIMMER}\s+(?:\w+\s+){0,2}?${WATER}\b|\b${WATER}(?:\s+\w+){0,2}?\s+(?:gently\s+|softly\s+)?${SHIMMER}\b|\bripples?\b`, 'g'),
  ],
  ['heat', /\bheat[\s-]+(?:haze|shimmer\w*|waves?|distortion|mirage)\b|\bshimmering\s+(?:\w+\s+)?(?:heat|hot air)\b|\bmirage\b/g],
  ['flames', new RegExp(String.raw`\b${FIRE}\b${NO_FIRE}`, 'g')],
  ['fog', /\b(?:fog|foggy|mist|misty|(?<!heat[\s-])haze|hazy)\b/g],
  ['smoke', /\b(?:smoke|smoky|smoking\s+(?:ruins?|chimneys?|embers?|ashes|wreck\w*))\b(?![\s-](?:free|detectors?|alarms?|grey|gray))/g],
  [
    'rays',
    /\b(?:light|sun|god)[\s-]?(?:rays?|beams?|shafts?)\b|\b(?:rays?|beams?|shafts?)\s+of\s+(?:\w+\s+)?(?:light|sun(?:light|shine)?)\b|\bcrepuscular\b|\bvolumetric\s+light\w*\b/g,
  ],
  ['snow', new RegExp(String.raw`\b(?:${SNOW}|${SNOW_BESIDE})\b`, 'g')],
  ['rain', /\b(?:rain(?:s|ing|fall|drops?|storm|y)?|downpour|drizzle|drizzling)\b(?![\s-](?:boots?|coats?|jackets?|forest|soaked|slicked|washed))/g],
  [
    'particles',
    /\b(?:glowing|luminous|floating|magical|magic|golden|shining|light)\s+(?:\w+\s+)?(?:particles?|motes?|specks?|orbs?|dust)\b|\bfire-?fl(?:y|ies)\b|\bdust\s+motes?\b|\b(?:pixie|fairy|star)\s?dust\b/g,
  ],
  ['sparks', /\b(?:sparks|embers)\b/g],
  ['grain', /\b(?:film grain|grainy|grain effect|(?:16|35)\s?mm film)\b/g],
];
const LIGHT = /\b(?:light|gentle|soft|subtle|slight|faint|thin|few|drizzl\w*|delicate)\W+(?:\w+\W+)?$/;
const HEAVY = /\b(?:heavy|thick|dense|strong|intense|pouring)\W+(?:\w+\W+)?$/;
const NEGATED = /\b(?:no|without|never|not|after the|stopped)\s+(?:any\s+|more\s+)?(?:\w+\s+n?or\s+)?(?:\w+\s+)?$/;
/** What describes the weather word before does not describe this one. */
const OTHER_WEATHER = /^.*\b(?:fog|mist|haze|rain|snow)\b\W+(?:(?:and|with|or)\b\W*)?/;

/** Atmosphere that the prompt asks for, each kind once. Snow that only lies ("snow-covered roof") is none. */
export function readAtmosphere(prompt: string): Effect[] {
  const text = prompt.toLowerCase();
  return WORDS.flatMap(([kind, pattern]) => {
    const match = [...text.matchAll(pattern)].find((found) => !NEGATED.test(text.slice(0, found.index)));
    return match ? [{ kind, density: readDensity(text, match[0], match.index) }] : [];
  });
}

function readDensity(text: string, words: string, index: number): Density {
  const before = text.slice(Math.max(0, index - 30), index).replace(OTHER_WEATHER, '') + (words.includes(' ') ? `${words.split(' ')[0]} ` : '');
  if (HEAVY.test(before) || /blizzard|storm|downpour/.test(words)) return 'heavy';
  return LIGHT.test(before) || /flurries|drizzl/.test(words) ? 'light' : 'normal';
}

/** Atmosphere words that are understood but not drawn by this renderer. */
const NOT_DRAWN: readonly (readonly [RegExp, string])[] = [
  [/(?<!\bheat[\s-])\bwaves\b(?!\s+(?:at|to|his|her|their|goodbye)\b)|\bflow(?:s|ing)?\s+water\b|\bwater\s+flow/, 'flowing water'],
  [/\blightning\b/, 'lightning'],
  [/\bfireworks?\b/, 'fireworks'],
  [/\bflames?\b|\bbonfire\b|\bcamp-?fire\b/, 'the flames themselves (their light is)'],
];

/** Snow that is named by its name only; boots and leopards are no weather. */
const BARE_SNOW = /\bsnow\b(?!-)(?!\s(?:boots?|shoes?|leopards?|globes?|white|cones?|peas?|caps?|capped|covered))/g;

/** Sentences that name what the prompt asks for and the renderer leaves out; none where it draws everything. */
export function atmosphereNotes(prompt: string): string[] {
  const text = prompt.toLowerCase();
  const missing = NOT_DRAWN.filter(([pattern]) => pattern.test(text)).map(([, name]) => name);
  const notes = missing.length > 0 ? [`Not drawn by the animatic: ${missing.join(', ')}.`] : [];
  const named = [...text.matchAll(BARE_SNOW)].some(({ index }) => !NEGATED.test(text.slice(0, index)));
  if (named && !readAtmosphere(prompt).some(({ kind }) => kind === 'snow')) notes.push('Snow is named but not drawn: write "falling snow".');
  return notes;
}

/** Overlays in drawing order. */
export function createOverlays(effects: Effect[], size: { width: number; height: number; fps: number }, seed: number): Overlay[] {
  const order = Object.keys(MAKERS);
  const sorted = [...effects].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return sorted.map(({ kind, density }) => MAKERS[kind](size, density, seed));
}
