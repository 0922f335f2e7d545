import { describe, expect, it } from 'vitest';
import { atmosphereNotes, type Effect, readAtmosphere } from '../../src/adapters/local/animatic/atmosphere.ts';
import { lastPlan, planScene, renderShot } from '../../src/adapters/local/animatic/shot.ts';
import { draw, lumaOf, planOf, shotOf, TEXTURE, WIDTH } from './animatic-pictures.ts';

const KINDS = ['water', 'heat', 'flames', 'fog', 'smoke', 'rays', 'snow', 'rain', 'particles', 'sparks', 'grain'] as const;

describe('atmosphere', () => {
  const grey = draw(400, 300, () => [60, 70, 90]);
  const snow: Effect[] = [{ kind: 'snow', density: 'normal' }];

  it('draws the same bytes for the same seed and others for another seed', () => {
    for (const kind of KINDS) {
      const effects: Effect[] = [{ kind, density: 'normal' }];
      const bytes = (seed: number) => Buffer.from(shotOf(planOf('static', { effects, seed }), TEXTURE).draw(7).bytes);
      expect(bytes(1).equals(bytes(1)), kind).toBe(true);
      expect(bytes(1).equals(bytes(2)), kind).toBe(false);
    }
  });

  it('lets snow fall over a background that stays exactly as it is', () => {
    const plain = lumaOf(shotOf(planOf('static'), TEXTURE).draw(0));
    const shot = shotOf(planOf('static', { effects: snow }), TEXTURE);
    const frames = [0, 6, 12].map((index) => lumaOf(shot.draw(index)));
    for (const frame of frames) {
      const touched = frame.filter((value, index) => value !== plain[index]).length / frame.length;
      expect(touched).toBeGreaterThan(0.005);
      expect(touched).toBeLessThan(0.3);
    }
    expect(frames[1]).not.toEqual(frames[0]);
  });

  it('shows snow brighter than a dark ground and rain and fog visibly', () => {
    const plain = shotOf(planOf('static'), grey).draw(0).y[0];
    const brightest = Math.max(...shotOf(planOf('static', { effects: snow }), grey).draw(3).y);
    expect(brightest).toBeGreaterThan(plain + 80);
    for (const kind of ['rain', 'fog'] as const) {
      const { y } = shotOf(planOf('static', { effects: [{ kind, density: 'normal' }] }), grey).draw(3);
      expect(Math.max(...y), kind).toBeGreaterThan(plain + 30);
    }
  });

  it('changes something from frame to frame, more of it where more is asked for, and never everything', () => {
    const plain = lumaOf(shotOf(planOf('static'), TEXTURE).draw(0));
    for (const kind of KINDS) {
      const change = (density: Effect['density']) => {
        const shot = shotOf(planOf('static', { effects: [{ kind, density }], frames: 48 }), TEXTURE);
        const frames = [12, 20, 28].map((index) => lumaOf(shot.draw(index)));
        expect(frames[1], kind).not.toEqual(frames[0]);
        return frames.reduce((sum, frame) => sum + frame.reduce((total, value, at) => total + Math.abs(value - plain[at]), 0), 0) / plain.length / 3;
      };
      const [light, heavy] = [change('light'), change('heavy')];
      expect(light, kind).toBeGreaterThan(0.02);
      expect(heavy, kind).toBeGreaterThan(light * 1.3);
      expect(heavy, kind).toBeLessThan(75);
    }
  });

  it('gives firelight, sparks and glowing motes the colour of fire, and smoke none', () => {
    const tint = (kind: Effect['kind']) => {
      const { u, v } = shotOf(planOf('static', { effects: [{ kind, density: 'heavy' }], frames: 48 }), grey).draw(20);
      const { u: u0, v: v0 } = shotOf(planOf('static'), grey).draw(0);
      const most = v.reduce((index, value, at) => (value - v0[at] > v[index] - v0[index] ? at : index), 0);
      return { blue: u[most] - u0[most], red: v[most] - v0[most] };
    };
    for (const kind of ['flames', 'sparks', 'particles'] as const) {
      expect(tint(kind).red, kind).toBeGreaterThan(2);
      expect(tint(kind).blue, kind).toBeLessThan(-2);
    }
    expect(tint('smoke').red).toBeLessThan(8);
  });

  it('lets firelight flicker: its brightness changes from frame to frame, but not wildly', () => {
    const shot = shotOf(planOf('static', { effects: [{ kind: 'flames', density: 'normal' }], frames: 96 }), grey);
    const levels = Array.from({ length: 96 }, (_, index) => lumaOf(shot.draw(index)).reduce((sum, value) => sum + value, 0) / (WIDTH * 180));
    expect(Math.max(...levels) - Math.min(...levels)).toBeGreaterThan(2);
    expect(Math.max(...levels.slice(1).map((level, index) => Math.abs(level - levels[index])))).toBeLessThan(8);
  });

  it('bends the picture where the air is hot or the water moves, and nowhere else', () => {
    const plain = lumaOf(shotOf(planOf('static'), TEXTURE).draw(0));
    for (const [kind, clear] of [
      ['heat', 30],
      ['water', 85],
    ] as const) {
      const drawn = lumaOf(shotOf(planOf('static', { effects: [{ kind, density: 'heavy' }] }), TEXTURE).draw(9));
      expect(drawn.subarray(0, clear * WIDTH), kind).toEqual(plain.subarray(0, clear * WIDTH));
      expect(drawn.subarray(130 * WIDTH, 150 * WIDTH), kind).not.toEqual(plain.subarray(130 * WIDTH, 150 * WIDTH));
    }
  });

  it('keeps a subject that stands in the water steady', () => {
    const subject = { x: 0.35, y: 0.5, width: 0.3, height: 0.4 };
    const plan = planOf('static', { subject });
    const plain = lumaOf(shotOf(plan, TEXTURE).draw(0));
    const drawn = lumaOf(shotOf({ ...plan, effects: [{ kind: 'water', density: 'heavy' }] }, TEXTURE).draw(9));
    const at = 126 * WIDTH + 160;
    expect(drawn.subarray(at - 20, at + 20)).toEqual(plain.subarray(at - 20, at + 20));
    expect(drawn.subarray(at - 150, at - 110)).not.toEqual(plain.subarray(at - 150, at - 110));
  });

  it('lets flakes fall downwards', () => {
    const black = draw(400, 300, () => [0, 0, 0]);
    const shot = shotOf(planOf('static', { effects: snow, frames: 48 }), black);
    const [before, after] = [lumaOf(shot.draw(10)), lumaOf(shot.draw(11))];
    // The vertical shift with the best correlation over the whole frame.
    const scores = Array.from({ length: 13 }, (_, index) => {
      let sum = 0;
      for (let y = 20; y < 160; y++) for (let x = 0; x < WIDTH; x++) sum += (before[y * WIDTH + x] - 16) * (after[(y + index - 6) * WIDTH + x] - 16);
      return sum;
    });
    expect(scores.indexOf(Math.max(...scores)) - 6).toBeGreaterThan(0);
  });

  it('dissolves from the first picture to exactly the last one', () => {
    const plan = planOf('zoom in', { frames: 24 });
    const white = draw(400, 300, () => [255, 255, 255]);
    const ending = lastPlan(plan);
    const shot = renderShot(
      plan,
      { source: grey, path: planScene(plan, grey).path, image: grey },
      { source: white, path: planScene(ending, white).path, image: white },
    );
    const level = (index: number) => shot.draw(index).y[90 * WIDTH + 160];
    const [first, middle, last] = [level(0), level(14), level(23)];
    expect(last).toBe(235);
    expect(middle).toBeGreaterThan(first + 20);
    expect(middle).toBeLessThan(last - 20);
  });

  const prompts: [string, Effect[]][] = [
    ['A clean cinematic shot of red shoes placed under falling snow, while the environment stays silent and still', snow],
    ['A snow-covered cabin, no fog', []],
    [
      'heavy rain on a street, light mist',
      [
        { kind: 'fog', density: 'light' },
        { kind: 'rain', density: 'heavy' },
      ],
    ],
    ['A rainbow over rain boots', []],
    ['a quiet street without rain, with film grain', [{ kind: 'grain', density: 'normal' }]],
    ['gentle snowfall in the park', [{ kind: 'snow', density: 'light' }]],
    ['a blizzard', [{ kind: 'snow', density: 'heavy' }]],
    ['people playing in the snow', []],
    [
      'red shoes, snow and thick fog',
      [
        { kind: 'fog', density: 'heavy' },
        { kind: 'snow', density: 'normal' },
      ],
    ],
    [
      'thick fog and snow over a pier',
      [
        { kind: 'fog', density: 'heavy' },
        { kind: 'snow', density: 'normal' },
      ],
    ],
    [
      'rain mixed with light snow',
      [
        { kind: 'snow', density: 'light' },
        { kind: 'rain', density: 'normal' },
      ],
    ],
    ['a street market with drifting smoke', [{ kind: 'smoke', density: 'normal' }]],
    ['a smoke-free bar', []],
    ['thick smoke over the ruins', [{ kind: 'smoke', density: 'heavy' }]],
    ['sparks fly from the grinder', [{ kind: 'sparks', density: 'normal' }]],
    ['glowing embers rise into the night', [{ kind: 'sparks', density: 'normal' }]],
    ['fireflies in the meadow', [{ kind: 'particles', density: 'normal' }]],
    ['golden dust floats in the air', [{ kind: 'particles', density: 'normal' }]],
    ['a cup by candlelight', [{ kind: 'flames', density: 'normal' }]],
    ['a fire truck near a fire hydrant', []],
    ['a road in heat haze', [{ kind: 'heat', density: 'normal' }]],
    ['shimmering water under the pier', [{ kind: 'water', density: 'normal' }]],
    ['the lake gently ripples', [{ kind: 'water', density: 'normal' }]],
    ['soft light rays through the trees', [{ kind: 'rays', density: 'light' }]],
    ['sunbeams and rays of golden light', [{ kind: 'rays', density: 'normal' }]],
    ['no smoke and no fire', []],
    ['snow and no fog', []],
    ['no snow or rain', []],
    ['a field of snow without fog', []],
  ];
  for (const [prompt, effects] of prompts) {
    it(`reads ${effects.map((effect) => `${effect.density} ${effect.kind}`).join(' and ') || 'no atmosphere'} from "${prompt}"`, () => {
      expect(readAtmosphere(prompt)).toEqual(effects);
    });
  }

  const bare = 'Snow is named but not drawn: write "falling snow".';
  const noted: [string, string[]][] = [
    ['people playing in the snow', [bare]],
    ['a pier in snow', [bare]],
    ['falling snow', []],
    ['snow and thick fog', []],
    ['a hut without snow', []],
    ['a snow-covered hut', []],
    ['a snow leopard', []],
    ['snow in the light of a candle', [bare]],
    ['gentle waves flow around the shell', ['Not drawn by the animatic: flowing water.']],
    ['she waves at the camera', []],
    ['a campfire at night', ['Not drawn by the animatic: the flames themselves (their light is).']],
  ];
  for (const [prompt, notes] of noted) {
    it(`${notes.length > 0 ? 'notes what is not drawn' : 'notes nothing'} for "${prompt}"`, () => {
      expect(atmosphereNotes(prompt)).toEqual(notes);
    });
  }
});
