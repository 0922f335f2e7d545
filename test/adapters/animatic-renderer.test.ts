import { describe, expect, it } from 'vitest';
import { ease } from '../../src/adapters/local/animatic/path.ts';
import { planScene } from '../../src/adapters/local/animatic/shot.ts';
import type { CameraMove } from '../../src/ports/video.ts';
import { draw, lumaOf, planOf, shotOf, WIDTH } from './animatic-pictures.ts';

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
