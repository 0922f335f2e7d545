import { createFog } from './fog.ts';
import { createGrain } from './grain.ts';
import type { Density, Overlay } from './overlay.ts';
import { createRain } from './rain.ts';
import { createSnow } from './snow.ts';

export interface Effect {
  kind: 'snow' | 'rain' | 'fog' | 'grain';
  density: Density;
}

const WEATHER = '(?:fog|mist|haze|rain|wind|sleet|hail|storm|drizzle)';
const BESIDE = String.raw`(?:\s*[,&+]\s*(?:and\s+|with\s+)?|\s+(?:and|with|or|plus|mixed\s+with)\s+)(?:(?!no\b|without\b)\w+\s+)?`;
/** "Snow" alone mostly lies on the ground; next to other weather ("snow and thick fog") it falls. */
const SNOW_BESIDE = String.raw`snow(?=${BESIDE}${WEATHER}\b)|(?<=\b${WEATHER}${BESIDE})snow\b(?!-)`;
const SNOW =
  'snow(?:fall|flakes?|ing|storm|s)|blizzard|flurries|(?:falling|drifting|swirling|fresh|light|heavy|gentle|soft|thick|floating)\\s+snow|snow\\s+(?:is\\s+)?(?:falls?|falling|drifts?|drifting|swirls?|swirling|comes down|coming down)';

const WORDS: readonly (readonly [Effect['kind'], RegExp])[] = [
  ['fog', /\b(?:fog|foggy|mist|misty|haze|hazy)\b/g],
  ['snow', new RegExp(String.raw`\b(?:${SNOW}|${SNOW_BESIDE})\b`, 'g')],
  ['rain', /\b(?:rain(?:s|ing|fall|drops?|storm|y)?|downpour|drizzle|drizzling)\b(?![\s-](?:boots?|coats?|jackets?|forest|soaked|slicked|washed))/g],
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
  [/\bsmok(?:e|y)\b/, 'smoke'],
  [/\bsparks?\b|\bembers?\b/, 'sparks'],
  [/\bflames?\b|\bfire\b|\bcandle/, 'the light of flames'],
  [/\bwaves?\b|\bwater\b.*\b(?:flow|ripple|shimmer)|\b(?:flow|ripple|shimmer)\w*\b.*\bwater\b/, 'moving water'],
  [/\b(?:light|sun|god)[\s-]?(?:rays?|beams?|shafts?)\b/, 'light rays'],
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

/** Overlays in drawing order, far to near. */
export function createOverlays(effects: Effect[], size: { width: number; height: number; fps: number }, seed: number): Overlay[] {
  const makers = { snow: createSnow, rain: createRain, fog: createFog, grain: createGrain };
  return effects.map(({ kind, density }) => makers[kind](size, density, seed));
}
