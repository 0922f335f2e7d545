import { describe, expect, it } from 'vitest';
import { type Effect, readAtmosphere } from '../../src/adapters/local/animatic/atmosphere.ts';
import type { Frame } from '../../src/adapters/local/animatic/frames.ts';
import { ease, planPath } from '../../src/adapters/local/animatic/path.ts';
import { lastPlan, planScene, renderShot, type ShotPlan } from '../../src/adapters/local/animatic/shot.ts';
import type { RawImage } from '../../src/ports/pictures.ts';
import type { CameraMove } from '../../src/ports/video.ts';

const WIDTH = 320;
const HEIGHT = 180;

function planOf(move: CameraMove, change: Partial<ShotPlan> = {}): ShotPlan {
  const camera = { move, speed: 'normal' as const, fullRange: false, notes: [] };
  return { width: WIDTH, height: HEIGHT, fps: 24, frames: 24, seed: 3, camera, effects: [], ...change };
}

function draw(width: number, height: number, colour: (x: number, y: number) => readonly [number, number, number]): RawImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return { width, height, channels: 3, data };
}

/** Grey bumps that do not repeat: the phases of the waves come from a small fixed generator. */
function texture(width: number, height: number): RawImage {
  let state = 7;
  const random = () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  const waves = Array.from({ length: 40 }, () => ({ kx: (random() - 0.5) * 1.4, ky: (random() - 0.5) * 1.4, phase: random() * 6.3 }));
  return draw(width, height, (x, y) => {
    const value = 128 + 9 * waves.reduce((sum, { kx, ky, phase }) => sum + Math.sin(kx * x + ky * y + phase), 0);
    const grey = Math.min(Math.max(Math.round(value), 0), 255);
    return [grey, grey, grey];
  });
}

const TEXTURE = texture(420, 280);

function shotOf(plan: ShotPlan, image: RawImage = TEXTURE) {
  return renderShot(plan, { source: image, path: planScene(plan, image).path, image });
}

/** Copies, because frames are only valid until the next but one. */
function lumaOf(frame: Frame): Uint8Array {
  return Uint8Array.from(frame.y);
}

/** How the block around (x, y) of `before` moved in `after`: the whole-pixel shift with the smallest difference. */
function blockShift(before: Uint8Array, after: Uint8Array, x: number, y: number): { dx: number; dy: number } {
  const [half, range] = [12, 24];
  let best = { dx: 0, dy: 0, cost: Number.POSITIVE_INFINITY };
  for (let dy = -range; dy <= range; dy++) {
    for (let dx = -range; dx <= range; dx++) {
      let cost = 0;
      for (let row = y - half; row < y + half; row++) {
        for (let column = x - half; column < x + half; column++) cost += Math.abs(before[row * WIDTH + column] - after[(row + dy) * WIDTH + column + dx]);
      }
      if (cost < best.cost) best = { dx, dy, cost };
    }
  }
  return best;
}

const PLACES = { left: [40, 90], right: [280, 90], top: [160, 40], bottom: [160, 140], centre: [160, 90] } as const;

/** How the content moves on screen in the middle of the move, at five places. */
function flow(move: CameraMove) {
  const shot = shotOf(planOf(move, { frames: 48, camera: { move, speed: 'fast', fullRange: false, notes: [] } }));
  const [before, after] = [lumaOf(shot.draw(20)), lumaOf(shot.draw(24))];
  const at = (place: keyof typeof PLACES) => blockShift(before, after, PLACES[place][0], PLACES[place][1]);
  return { left: at('left'), right: at('right'), top: at('top'), bottom: at('bottom'), centre: at('centre') };
}

describe('camera moves, measured on the frames', () => {
  const along: [CameraMove, 'dx' | 'dy', 1 | -1][] = [
    ['pan right', 'dx', -1],
    ['pan left', 'dx', 1],
    ['truck right', 'dx', -1],
    ['truck left', 'dx', 1],
    ['tilt up', 'dy', 1],
    ['tilt down', 'dy', -1],
    ['pedestal up', 'dy', 1],
    ['pedestal down', 'dy', -1],
  ];
  for (const [move, axis, sign] of along) {
    it(`${move} moves everything ${axis === 'dx' ? (sign > 0 ? 'right' : 'left') : sign > 0 ? 'down' : 'up'} in the frame`, () => {
      for (const shift of Object.values(flow(move))) {
        expect(shift[axis] * sign).toBeGreaterThanOrEqual(2);
        expect(shift[axis === 'dx' ? 'dy' : 'dx']).toBe(0);
      }
    });
  }

  for (const [move, sign] of [
    ['zoom in', 1],
    ['dolly in', 1],
    ['zoom out', -1],
    ['dolly out', -1],
  ] as const) {
    it(`${move} moves everything ${sign > 0 ? 'away from' : 'towards'} the middle`, () => {
      const { left, right, top, bottom, centre } = flow(move);
      expect(-left.dx * sign).toBeGreaterThanOrEqual(2);
      expect(right.dx * sign).toBeGreaterThanOrEqual(2);
      expect(-top.dy * sign).toBeGreaterThanOrEqual(1);
      expect(bottom.dy * sign).toBeGreaterThanOrEqual(1);
      expect(Math.hypot(centre.dx, centre.dy)).toBeLessThanOrEqual(1);
    });
  }

  for (const [move, sign] of [
    ['roll right', 1],
    ['roll left', -1],
  ] as const) {
    it(`${move} turns the picture ${sign > 0 ? 'counterclockwise' : 'clockwise'}`, () => {
      const { left, right, top, bottom } = flow(move);
      expect(right.dy * -sign).toBeGreaterThanOrEqual(2);
      expect(left.dy * sign).toBeGreaterThanOrEqual(2);
      expect(top.dx * -sign).toBeGreaterThanOrEqual(1);
      expect(bottom.dx * sign).toBeGreaterThanOrEqual(1);
    });
  }

  it('static repeats the same frame', () => {
    const shot = shotOf(planOf('static'));
    expect(lumaOf(shot.draw(20))).toEqual(lumaOf(shot.draw(0)));
  });
});

describe('smoothness', () => {
  const difference = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, value, index) => sum + Math.abs(value - b[index]), 0) / a.length;

  for (const move of ['pan right', 'tilt up', 'zoom in', 'roll left'] as const) {
    it(`a very slow ${move} changes every frame, and evenly in its middle part`, () => {
      const shot = shotOf(planOf(move, { frames: 48, camera: { move, speed: 'very slow', fullRange: false, notes: [] } }));
      const luma = Array.from({ length: 48 }, (_, index) => lumaOf(shot.draw(index)));
      const steps = luma.slice(1).map((frame, index) => difference(frame, luma[index]));
      expect(Math.min(...steps)).toBeGreaterThan(0);
      const even = steps.slice(12, 36);
      const mean = even.reduce((sum, value) => sum + value, 0) / even.length;
      const deviation = Math.sqrt(even.reduce((sum, value) => sum + (value - mean) ** 2, 0) / even.length);
      expect(deviation / mean).toBeLessThan(0.1);
    });
  }

  it('places the picture within a twentieth of a pixel of the planned path', () => {
    const period = 40;
    const stripes = draw(420, 236, (x) => {
      const grey = Math.round(128 + 90 * Math.sin((2 * Math.PI * x) / period));
      return [grey, grey, grey];
    });
    const plan = planOf('pan right', { frames: 40, camera: { move: 'pan right', speed: 'very slow', fullRange: false, notes: [] } });
    const { path } = planScene(plan, stripes);
    const shot = shotOf(plan, stripes);
    const errors = Array.from({ length: plan.frames }, (_, index) => {
      const view = path.at(index / (plan.frames - 1));
      const perPixel = view.width / WIDTH;
      const row = shot.draw(index).y.subarray(90 * WIDTH, 91 * WIDTH);
      // The phase of the stripes' frequency over a whole number of periods.
      const count = Math.floor((WIDTH * perPixel) / period) * (period / perPixel);
      let [re, im] = [0, 0];
      for (let x = 0; x < count; x++) {
        re += (row[x] - 126) * Math.cos((2 * Math.PI * x * perPixel) / period);
        im += (row[x] - 126) * Math.sin((2 * Math.PI * x * perPixel) / period);
      }
      const shift = (Math.atan2(re, im) / (2 * Math.PI)) * period;
      const expected = view.x - view.width / 2 + perPixel / 2 - 0.5;
      const error = (((shift - expected) % period) + period * 1.5) % period;
      return (error - period / 2) / perPixel;
    });
    const mean = errors.reduce((sum, value) => sum + value, 0) / errors.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.max(...errors.map((error) => Math.abs(error - mean)))).toBeLessThan(0.05);
  });

  it('starts and stops gently', () => {
    const steps = Array.from({ length: 100 }, (_, index) => ease((index + 1) / 100) - ease(index / 100));
    expect(ease(0)).toBe(0);
    expect(ease(1)).toBeCloseTo(1, 9);
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(steps[0]).toBeLessThan(steps[50] / 2);
    expect(steps[99]).toBeLessThan(steps[50] / 2);
    const jumps = steps.slice(1).map((step, index) => Math.abs(step - steps[index]));
    expect(Math.max(...jumps)).toBeLessThan(steps[50] / 10);
  });

  it('keeps colour on its outlines: chroma lies where H.264 puts it, on the left of its pixel pair', () => {
    const period = 40;
    const coloured = draw(400, 300, (x) => {
      const wave = Math.round(60 * Math.sin((2 * Math.PI * x) / period));
      return [128, 128 + wave, 128];
    });
    for (const move of ['pan right', 'roll left'] as const) {
      const plan = planOf(move);
      const { width, roll } = planScene(plan, coloured).path.at(12 / 23);
      const perPixel = (width / WIDTH) * Math.cos(roll);
      const frame = shotOf(plan, coloured).draw(12);
      // Green raises Y and lowers U: their waves are half a period apart. Sample n lies at pixel n * pitch.
      const phase = (row: Uint8ClampedArray, pitch: number) => {
        const count = Math.floor((row.length * pitch * perPixel) / period) * (period / perPixel / pitch);
        const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
        let [re, im] = [0, 0];
        for (let x = 0; x < count; x++) {
          re += (row[x] - mean) * Math.cos((2 * Math.PI * x * pitch * perPixel) / period);
          im += (row[x] - mean) * Math.sin((2 * Math.PI * x * pitch * perPixel) / period);
        }
        return (Math.atan2(re, im) / (2 * Math.PI)) * (period / perPixel);
      };
      const luma = phase(frame.y.subarray(90 * WIDTH, 91 * WIDTH), 1);
      const chroma = phase(frame.u.subarray((45 * WIDTH) / 2, (46 * WIDTH) / 2), 2);
      const wave = period / perPixel;
      const apart = (((luma - chroma) % wave) + wave) % wave;
      expect(roll !== 0, move).toBe(move === 'roll left');
      expect(Math.abs(apart - wave / 2), move).toBeLessThan(0.2);
    }
  });
});

describe('framing', () => {
  const moves: CameraMove[] = [
    'static',
    'pan left',
    'pan right',
    'tilt up',
    'tilt down',
    'zoom in',
    'zoom out',
    'dolly in',
    'truck left',
    'pedestal up',
    'roll left',
    'roll right',
  ];
  const sources = [
    { width: 4000, height: 3000 },
    { width: 1000, height: 3000 },
    { width: 6000, height: 900 },
    { width: 300, height: 200 },
  ];
  const targets = [
    { width: 1280, height: 720 },
    { width: 720, height: 1280 },
    { width: 720, height: 720 },
  ];
  const subjects = [undefined, { x: 0, y: 0, width: 0.2, height: 0.3 }, { x: 0.7, y: 0.8, width: 0.3, height: 0.2 }, { x: 0, y: 0, width: 1, height: 1 }];

  it('never leaves the picture, whatever the move, the sizes, the speed and the subject', () => {
    for (const move of moves) {
      for (const speed of ['very slow', 'fast'] as const) {
        for (const source of sources) {
          for (const target of targets) {
            for (const subject of subjects) {
              const path = planPath({ camera: { move, speed, fullRange: speed === 'fast' }, source, target, durationSeconds: 6, subject });
              for (const progress of [0, 0.3, 0.5, 1]) {
                const { x, y, width, roll } = path.at(progress);
                const height = (width * target.height) / target.width;
                const halfX = (width * Math.cos(roll) + height * Math.abs(Math.sin(roll))) / 2;
                const halfY = (height * Math.cos(roll) + width * Math.abs(Math.sin(roll))) / 2;
                const label = `${move} ${source.width}x${source.height} to ${target.width}x${target.height} at ${progress}`;
                expect(Math.min(x - halfX, y - halfY), label).toBeGreaterThan(-0.01);
                expect(Math.max(x + halfX - source.width, y + halfY - source.height), label).toBeLessThan(0.01);
                expect(width, label).toBeGreaterThanOrEqual(path.minWidth - 0.01);
                expect(width, label).toBeLessThanOrEqual(path.maxWidth + 0.01);
              }
            }
          }
        }
      }
    }
  });

  it('moves as asked even where the picture has just the size of the video or its subject fills it', () => {
    const size = { width: 1280, height: 720 };
    for (const subject of [undefined, { x: 0, y: 0, width: 1, height: 1 }]) {
      for (const move of moves.filter((name) => name !== 'static')) {
        const path = planPath({ camera: { move, speed: 'slow', fullRange: false }, source: size, target: size, durationSeconds: 6, subject });
        const [start, end] = [path.at(0), path.at(1)];
        const travelled = Math.hypot(end.x - start.x, end.y - start.y) + Math.abs(end.width - start.width) + Math.abs(end.roll - start.roll) * 1000;
        expect(travelled, move).toBeGreaterThan(60);
      }
    }
  });

  it('draws no edge: a white picture stays white to the border through every move', () => {
    const white = draw(400, 300, () => [255, 255, 255]);
    for (const move of moves) {
      const shot = shotOf(planOf(move, { frames: 5 }), white);
      for (let index = 0; index < 5; index++) {
        const frame = shot.draw(index);
        expect(Math.min(...frame.y), move).toBeGreaterThanOrEqual(234);
        expect(Math.max(...frame.u, ...frame.v) - Math.min(...frame.u, ...frame.v), move).toBeLessThanOrEqual(1);
      }
    }
  });

  it('ends a zoom in on the subject, and a zoom out begins there', () => {
    const subject = { x: 0.6, y: 0.55, width: 0.12, height: 0.15 };
    const input = { source: { width: 4000, height: 3000 }, target: { width: 1280, height: 720 }, durationSeconds: 6, subject };
    const closeIn = planPath({ ...input, camera: { move: 'zoom in', speed: 'normal', fullRange: false } }).at(1);
    const closeOut = planPath({ ...input, camera: { move: 'zoom out', speed: 'normal', fullRange: false } }).at(0);
    for (const view of [closeIn, closeOut]) {
      expect(view.x).toBeCloseTo(0.66 * 4000, 0);
      expect(view.y).toBeCloseTo(0.625 * 3000, 0);
    }
  });

  it('keeps the subject in frame when a wide picture is cropped to a tall one', () => {
    const input = {
      camera: { move: 'static' as const, speed: 'normal' as const, fullRange: false },
      source: { width: 3000, height: 1500 },
      target: { width: 720, height: 1280 },
    };
    const { x, width } = planPath({ ...input, durationSeconds: 4, subject: { x: 0.75, y: 0.4, width: 0.2, height: 0.2 } }).at(0);
    expect(x - width / 2).toBeLessThanOrEqual(0.75 * 3000);
    expect(x + width / 2).toBeGreaterThanOrEqual(0.95 * 3000);
  });

  it('tilts from the very bottom to the very top where the prompt names both ends', () => {
    const path = planPath({
      camera: { move: 'tilt up', speed: 'very slow', fullRange: true },
      source: { width: 1920, height: 1318 },
      target: { width: 1280, height: 720 },
      durationSeconds: 6,
    });
    const half = (path.at(0).width * 720) / 1280 / 2;
    expect(path.at(0).y).toBeCloseTo(1318 - half, 3);
    expect(path.at(1).y).toBeCloseTo(half, 3);
    expect((path.at(0).y - path.at(1).y) / (2 * half)).toBeGreaterThan(0.4);
  });

  it('begins a pan down "from the sky to" a subject at the top and ends with the whole subject in frame', () => {
    const subject = { x: 0.4, y: 0.7, width: 0.25, height: 0.15 };
    const source = { width: 2000, height: 1500 };
    const path = planPath({
      camera: { move: 'tilt down', speed: 'very slow', fullRange: true },
      source,
      target: { width: 1280, height: 720 },
      durationSeconds: 6,
      subject,
    });
    const [start, end] = [path.at(0), path.at(1)];
    const half = (end.width * 720) / 1280 / 2;
    expect(start.y).toBeCloseTo(half, 3);
    expect(end.y - half).toBeLessThan(0.7 * 1500);
    expect(end.y + half).toBeGreaterThan(0.85 * 1500);
    expect(end.x - end.width / 2).toBeLessThan(0.4 * 2000);
    expect(end.x + end.width / 2).toBeGreaterThan(0.65 * 2000);
  });
});

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
  ];
  for (const [prompt, effects] of prompts) {
    it(`reads ${effects.map((effect) => `${effect.density} ${effect.kind}`).join(' and ') || 'no atmosphere'} from "${prompt}"`, () => {
      expect(readAtmosphere(prompt)).toEqual(effects);
    });
  }
});
