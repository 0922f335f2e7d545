import { describe, expect, it } from 'vitest';
import { ease } from '../../src/adapters/local/animatic/ease.ts';
import { planScene } from '../../src/adapters/local/animatic/shot.ts';
import { draw, lumaOf, planOf, shotOf, WIDTH } from './animatic-pictures.ts';

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
