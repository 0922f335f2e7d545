import { describe, expect, it } from 'vitest';
import { createDescriptor } from '../../src/adapters/local/vision/descriptor.ts';
import { createRecogniserOff } from '../../src/adapters/local/vision/recogniser-off.ts';
import { createThumbnails } from '../../src/adapters/local/vision/thumbnails.ts';
import { block, cosine, embedderContract } from '../contracts/embedder.ts';
import { copy, flat, photograph, placed } from '../fixtures/photographs.ts';

const open = () => createDescriptor(createThumbnails());

embedderContract(async () => ({ embedder: open(), close: () => undefined }));

describe('the descriptor', () => {
  const embedder = open();
  const slice = (name: string, vector: Float32Array) => block(vector, embedder.blocks?.[name] ?? [0, 0]);

  it('sees colours in the block `colour`, and where they are in `layout`', async () => {
    const [left, right, green] = await embedder.embedImages([
      await placed(flat(50, 100, [214, 22, 28]), 100, 100, 0, 0),
      await placed(flat(50, 100, [214, 22, 28]), 100, 100, 50, 0),
      await placed(flat(50, 100, [30, 140, 45]), 100, 100, 0, 0),
    ]);
    expect(cosine(slice('colour', left), slice('colour', right))).toBeGreaterThan(0.99);
    expect(cosine(slice('layout', left), slice('layout', right))).toBeLessThan(0.5);
    expect(cosine(slice('colour', left), slice('colour', green))).toBeLessThan(0.9);
  });

  it('sees which way edges run in `gradients`, whatever the colours', async () => {
    const stripes = (across: boolean, colour: [number, number, number]) => {
      const image = flat(64, 64, colour);
      for (let i = 0; i < 64 * 64; i++) if ((across ? i >> 6 : i) & 8) image.data.fill(255, 3 * i, 3 * i + 3);
      return image;
    };
    const [one, recoloured, turned] = await embedder.embedImages([stripes(true, [200, 30, 30]), stripes(true, [30, 30, 200]), stripes(false, [200, 30, 30])]);
    expect(cosine(slice('gradients', one), slice('gradients', recoloured))).toBeGreaterThan(0.95);
    expect(cosine(slice('gradients', one), slice('gradients', turned))).toBeLessThan(0.5);
  });

  it('takes milliseconds a picture', async () => {
    const images = await Promise.all(Array.from({ length: 20 }, async () => copy(await photograph('march-pastoral'))));
    const started = performance.now();
    await embedder.embedImages(images);
    const milliseconds = (performance.now() - started) / images.length;
    console.log(`descriptor: ${milliseconds.toFixed(1)} ms a picture`);
    expect(milliseconds).toBeLessThan(200);
  });
});

describe('the recogniser that is off', () => {
  const recogniser = createRecogniserOff(createThumbnails());

  it('gives colours and no classes', async () => {
    const [seen] = await recogniser.recognise([flat(40, 40, [25, 70, 205])]);
    expect(seen.classes).toEqual([]);
    expect(seen.colours.map(([name]) => name)).toEqual(['blue']);
    expect(await recogniser.describe(seen)).toEqual([]);
  });

  it('understands no query and finds no place', async () => {
    expect(await recogniser.understand('red shoes')).toEqual({ concepts: [], colours: [], unknownWords: [] });
    expect(await recogniser.locate(flat(40, 40, [25, 70, 205]), 'shoes')).toBeUndefined();
    expect(await recogniser.subject(flat(40, 40, [25, 70, 205]))).toBeUndefined();
    await expect(recogniser.regions([])).rejects.toMatchObject({ code: 'UNSUPPORTED', hint: expect.stringMatching(/VRAG_RECOGNISER/) });
  });

  it('stops when the caller gives up', async () => {
    await expect(recogniser.recognise([flat(4, 4, [0, 0, 0])], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
