import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openKernel, openPlainKernel } from '../../src/adapters/local/vision/kernel.ts';
import { Lite0 } from '../../src/adapters/local/vision/lite0.ts';
import { openModel } from '../../src/adapters/local/vision/runtime.ts';
import { cellEvidence, ownActivation } from '../../src/adapters/local/vision/softmax.ts';

const model = readFileSync(new URL('../../models/vision.onnx', import.meta.url));
const TOLERANCE = 1e-4;

/** Waves of several lengths; the same each time. */
const picture = (width: number, height: number): Uint8Array =>
  Uint8Array.from({ length: 3 * width * height }, (_, i) => 127 + 90 * Math.sin(i * 0.0037) + 30 * Math.sin(i * 1.7));

function planes(rgb: Uint8Array): Float32Array {
  const pixels = rgb.length / 3;
  return Float32Array.from(rgb, (_, i) => (rgb[3 * (i % pixels) + Math.floor(i / pixels)] - 127) / 128);
}

/** Largest difference as a part of the largest value. */
function difference(one: Float32Array | undefined, other: Float32Array): number {
  expect(one?.length).toBe(other.length);
  const largest = Math.max(...other.map(Math.abs));
  return other.reduce((most, value, i) => Math.max(most, Math.abs(value - (one?.[i] ?? Number.NaN))), 0) / largest;
}

it.each([
  ['with fused multiply-add', openKernel],
  ['without', openPlainKernel],
])('our kernels give what the ONNX runtime gives, in pictures of any shape, %s', async (_, open) => {
  const { session, tensor } = await openModel(model, { runtime: 'wasm' });
  const lite0 = new Lite0(model, open());
  const weights = Float32Array.from({ length: 1000 }, (_, index) => (index % 7 === 0 ? 1 : 0));
  for (const [width, height] of [
    [64, 96],
    [224, 224],
    [64, 64],
  ]) {
    const rgb = picture(width, height);
    const right = await session.run({ pixel_values: tensor(planes(rgb), [1, 3, height, width]) }, ['image_embeds', 'logits', 'cells', 'cell_logits']);
    const own = lite0.run(rgb, { width, height, outputs: ['image_embeds', 'logits', 'cells'], evidence: 'own' });
    const asked = lite0.run(rgb, { width, height, outputs: [], evidence: weights });
    for (const name of ['image_embeds', 'logits', 'cells'] as const) expect(difference(own.outputs[name], right[name].data), name).toBeLessThan(TOLERANCE);
    expect(difference(own.evidence, ownActivation(right.logits.data, right.cell_logits.data)), 'own').toBeLessThan(TOLERANCE);
    expect(difference(asked.evidence, cellEvidence(right.cell_logits.data, weights)), 'asked').toBeLessThan(TOLERANCE);
  }
});

it('a file that is another model, or breaks off, is said to be so', () => {
  expect(() => new Lite0(model.subarray(0, model.length / 2))).toThrow(/breaks off/);
  expect(() => new Lite0(new Uint8Array())).toThrow(/no weight/);
});
