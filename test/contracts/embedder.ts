import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Embedder, RawImage } from '../../src/ports.ts';
import { copy, flat, middle, type Photograph, photograph } from '../fixtures/photographs.ts';

const NAMES: Photograph[] = ['march-pastoral', 'french-alpine-landscape', 'dust-bowl-home', 'nagasaki-boats', 'black-canyon'];

export const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** A slice of a vector at unit length. */
export function block(vector: Float32Array, [start, end]: readonly [number, number]): Float32Array {
  const part = vector.slice(start, end);
  const length = Math.sqrt(cosine(part, part));
  return part.map((value) => value / length);
}

/** What every `Embedder` does; `untrained` ones (random weights) are not asked which pictures are alike. */
export function embedderContract(open: () => Promise<{ embedder: Embedder; close: () => void }>, { untrained = false } = {}): void {
  describe('as an embedder', () => {
    let embedder: Embedder;
    let close: () => void;
    let photographs: RawImage[];
    let vectors: Float32Array[];

    beforeAll(async () => {
      ({ embedder, close } = await open());
      photographs = await Promise.all(NAMES.map(photograph));
      vectors = await embedder.embedImages(photographs);
    });
    afterAll(() => close?.());

    it('names itself and says how long its vectors are', () => {
      expect(embedder.id).toMatch(/^\S{3,}$/);
      expect(embedder.dimensions % 16).toBe(0);
      expect(embedder.modalities).toContain('image');
      expect(embedder.modalities.includes('text')).toBe(embedder.embedTexts !== undefined);
    });

    it('gives one finite unit vector of that length per picture', () => {
      expect(vectors).toHaveLength(NAMES.length);
      for (const vector of vectors) {
        expect(vector).toBeInstanceOf(Float32Array);
        expect(vector).toHaveLength(embedder.dimensions);
        expect(cosine(vector, vector)).toBeCloseTo(1, 5);
      }
    });

    it('gives the same vector for the same pixels, whatever else is asked for with it', async () => {
      const [again] = await embedder.embedImages([copy(photographs[3])]);
      expect(cosine(again, vectors[3])).toBeGreaterThan(0.99999);
    });

    it('keeps the order of the pictures', async () => {
      const turned = await embedder.embedImages([...photographs].reverse().map(copy));
      turned.reverse().forEach((vector, i) => {
        expect(cosine(vector, vectors[i])).toBeGreaterThan(0.99999);
      });
    });

    it('gives different pictures different vectors', () => {
      const pairs = vectors.flatMap((one, i) => vectors.slice(i + 1).map((other) => cosine(one, other)));
      expect(Math.max(...pairs)).toBeLessThan(0.9999);
    });

    if (!untrained) {
      it('puts a picture nearer to its own middle than to any other picture', async () => {
        const middles = await embedder.embedImages(await Promise.all(photographs.map((image) => middle(image, 0.8))));
        middles.forEach((vector, i) => {
          const nearest = vectors.map((other, j) => ({ j, similarity: cosine(vector, other) })).sort((a, b) => b.similarity - a.similarity)[0].j;
          expect(NAMES[nearest]).toBe(NAMES[i]);
        });
      });
    }

    it('takes no pictures, one-pixel pictures and ribbons', async () => {
      expect(await embedder.embedImages([])).toEqual([]);
      const odd = await embedder.embedImages([flat(1, 1, [200, 30, 30]), flat(4000, 3, [30, 30, 200])]);
      for (const vector of odd) expect(cosine(vector, vector)).toBeCloseTo(1, 5);
    });

    it('gives texts vectors of the same space, in order, where it takes texts', async () => {
      if (!embedder.embedTexts) return expect(embedder.modalities).toEqual(['image']);
      expect(await embedder.embedTexts([])).toEqual([]);
      const texts = ['a red cat', '', 'the blue sky '.repeat(100), '日没'];
      const together = await embedder.embedTexts(texts);
      expect(together).toHaveLength(texts.length);
      for (const [i, vector] of together.entries()) {
        expect(vector).toHaveLength(embedder.dimensions);
        expect(cosine(vector, vector)).toBeCloseTo(1, 5);
        const [alone] = await embedder.embedTexts([texts[i]]);
        expect(cosine(alone, vector)).toBeGreaterThan(0.99999);
      }
      expect(cosine(together[0], together[2])).toBeLessThan(0.9999);
      await expect(embedder.embedTexts(texts, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
    });

    it('names slices that are parts of the vector', () => {
      for (const [start, end] of Object.values(embedder.blocks ?? {})) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(embedder.dimensions);
      }
    });

    it('stops when the caller gives up, and works afterwards', async () => {
      await expect(embedder.embedImages(photographs.map(copy), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
      const controller = new AbortController();
      const under = embedder.embedImages(photographs.map(copy), { signal: controller.signal });
      controller.abort();
      await expect(under).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await embedder.embedImages([flat(64, 64, [9, 9, 9])])).toHaveLength(1);
    });
  });
}
