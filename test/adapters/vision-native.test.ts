import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { openVision } from '../../src/adapters/local/vision/open.ts';
import { cosine } from '../contracts/embedder.ts';
import { copy, photograph } from '../fixtures/photographs.ts';

/** Where an `onnxruntime-node` is: the folder in VRAG_TEST_ONNXRUNTIME_NODE, else among our own packages. */
function findNative(): string | undefined {
  const folder = process.env.VRAG_TEST_ONNXRUNTIME_NODE;
  if (folder) return folder;
  try {
    return createRequire(import.meta.url).resolve('onnxruntime-node');
  } catch {
    return undefined;
  }
}

const nativeModule = findNative();
const why = nativeModule ? '' : ' (skipped: no onnxruntime-node here, and VRAG_TEST_ONNXRUNTIME_NODE is not set)';
if (why) console.log(`vision-native${why}`);

it.skipIf(!nativeModule)(`sees the same in both runtimes, so that both have one embedder id${why}`, async () => {
  const wasm = openVision({ runtime: 'wasm' });
  const native = openVision({ runtime: 'native', nativeModule });
  const photographs = await Promise.all([photograph('march-pastoral'), photograph('nagasaki-boats')]);
  const one = await wasm.embedder.embedImages(photographs);
  const other = await native.embedder.embedImages(photographs.map(copy));
  expect((await native.load()).runtime).toBe('native');
  expect(native.embedder.id).toBe(wasm.embedder.id);
  one.forEach((vector, i) => {
    expect(cosine(vector, other[i])).toBeGreaterThan(0.999999);
    expect(Math.max(...vector.map((value, j) => Math.abs(value - other[i][j])))).toBeLessThan(1e-5);
  });
  const [seenOne] = await wasm.recogniser.recognise(photographs);
  const [seenOther] = await native.recogniser.recognise([copy(photographs[0])]);
  expect(seenOther.classes.slice(0, 5).map(([index]) => index)).toEqual(seenOne.classes.slice(0, 5).map(([index]) => index));
  wasm.close();
  native.close();
});
