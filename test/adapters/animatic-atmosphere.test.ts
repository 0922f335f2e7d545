import { describe, expect, it } from 'vitest';
import { atmosphereNotes, type Effect, readAtmosphere } from '../../src/adapters/local/animatic/atmosphere.ts';
import { lastPlan, planScene, renderShot } from '../../src/adapters/local/animatic/shot.ts';
import { draw, lumaOf, planOf, shotOf, TEXTURE, WIDTH } from './animatic-pictures.ts';

describe('atmosphere', () => {
  const grey = draw(400, 300, () => [60, 70, 90]);
  const snow: Effect[] = [{ kind: 'snow', density: 'normal' }];

  it('draws the same bytes for the same seed and others for another seed', () => {
    for (const kind of ['snow', 'rain', 'fog', 'grain'] as const) {
      const effects: Effect[] = [{ kind, density: 'normal' }];
      const bytes = (seed: number) => Buffer.from(shotOf(planOf('static', { effects, seed }), grey).draw(7).bytes);
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
    ['snow in the light of a candle', ['Not drawn by the animatic: the light of flames.', bare]],
  ];
  for (const [prompt, notes] of noted) {
    it(`${notes.length > 0 ? 'notes what is not drawn' : 'notes nothing'} for "${prompt}"`, () => {
      expect(atmosphereNotes(prompt)).toEqual(notes);
    });
  }
});
