import { readdirSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { createImages } from '../../src/adapters/local/images/images.ts';
import { NEAR_DUPLICATE_BITS } from '../../src/library/near-duplicates.ts';

const data = process.env.VRAG_TEST_DATA;
const why = data ? '' : ' (skipped: VRAG_TEST_DATA is not set)';
if (why) console.log(`fingerprint-data${why}`);

describe.skipIf(!data)(`perceptual hashes of real pictures${why}`, () => {
  const folder = path.join(data ?? '', 'retail-demo-store/images');
  const files = data
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.jpe?g$/i.test(name))
        .sort()
    : [];
  const images = createImages({ maxPixels: 1e8 });
  afterAll(() => images.close());
  const hashOf = async (bytes: Uint8Array) => BigInt(`0x${(await images.fingerprint(await images.decode(bytes, { maxSide: 512 }))).perceptualHash}`);
  const distance = (a: bigint, b: bigint) => [...(a ^ b).toString(2)].filter((bit) => bit === '1').length;

  it('find copies that were saved again, scaled or cropped a little, and hardly ever another picture', async () => {
    const hashes: bigint[] = [];
    const copies: Record<string, number[]> = { saved: [], scaled: [], cropped: [] };
    for (const file of files) {
      const original = sharp(path.join(folder, file));
      const { width = 0, height = 0 } = await original.metadata();
      const hash = await hashOf(await original.png().toBuffer());
      const crop = { left: width >> 7, top: height >> 7, width: width - (width >> 6), height: height - (height >> 6) };
      copies.saved.push(distance(hash, await hashOf(await original.clone().jpeg({ quality: 30 }).toBuffer())));
      copies.scaled.push(distance(hash, await hashOf(await original.clone().resize(180).jpeg().toBuffer())));
      copies.cropped.push(distance(hash, await hashOf(await original.clone().extract(crop).jpeg().toBuffer())));
      hashes.push(hash);
    }
    const within = (distances: number[]) => distances.filter((bits) => bits <= NEAR_DUPLICATE_BITS).length / distances.length;
    expect(within(copies.saved)).toBe(1);
    expect(within(copies.scaled)).toBe(1);
    expect(within(copies.cropped)).toBeGreaterThanOrEqual(0.95);
    const pairs = hashes.flatMap((a, index) => hashes.slice(0, index).map((b) => distance(a, b)));
    // Two products in the same setting look the same to any hash of low frequencies.
    expect(within(pairs)).toBeLessThan(0.001);
  }, 120_000);
});
