import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bedrockEmbedders } from '../../src/adapters/aws/bedrock/embedders.ts';
import { AppError } from '../../src/errors.ts';
import { viewByCollection } from '../../src/film/collection-view.ts';
import type { Embedder, Ports, RawImage } from '../../src/ports.ts';
import type { EvaluationShot } from '../../src/quality/report.ts';
import type { Studio } from '../../src/studio.ts';
import { openPlace, type Place, writePictures } from '../library/studio.ts';

const COUNT = 6;

let place: Place;
let studio: Studio;
let ids: string[];
let images: RawImage[];

beforeAll(async () => {
  place = await openPlace();
  studio = await place.open({ background: false });
  const { ports, assets } = studio;
  const files = await writePictures(path.join(place.pictures, 'base'), COUNT);
  const { jobId } = await assets.ingestFolder(ports, { path: path.join(place.pictures, 'base'), collection: 'base', description: {} });
  await studio.libraryRunner.see(jobId, new AbortController().signal);
  const { assets: found } = await ports.catalog.list('base', {}, { limit: COUNT });
  ids = files.map((file) => found.find(({ source }) => source.endsWith(path.basename(file)))?.id ?? '');
  images = await Promise.all(files.map(async (file) => ports.images.decode(await readFile(file))));
});
afterAll(() => place.clear());

/** A shot whose reference is the picture of that number, and a clip of three frames of another. */
const shotOf = (reference: number, more: Partial<EvaluationShot> = {}): EvaluationShot => ({
  ...{ startSeconds: 0, endSeconds: 1, references: [{ assetId: ids[reference], role: 'firstFrame', image: images[reference] }] },
  ...more,
});
const view = (shown: number, shot: EvaluationShot, ports: Ports = studio.ports, paid = false) =>
  viewByCollection(ports, { paid })([images[shown], images[shown], images[shown]], shot, {});

/** The studio with another embedder of its collections. */
function withEmbedder(change: (embedder: Embedder) => Partial<Embedder>, more: Partial<Ports> = {}): Ports {
  const { embedders } = studio.ports;
  const get: Ports['embedders']['get'] = async (id) => {
    const embedder = await embedders.get(id);
    return Object.assign(Object.create(embedder), change(embedder));
  };
  return { ...studio.ports, embedders: { ...embedders, get }, ...more };
}

describe('a shot beside the collection of its reference', () => {
  it('shows its own reference first of all assets', async () => {
    const seen = await view(2, shotOf(2));
    expect(seen).toMatchObject({ collection: 'base', rank: { assetId: ids[2], rank: 1, among: COUNT, isFound: true, better: [] } });
    expect(seen?.rank?.cosine).toBeGreaterThan(0.99);
    expect(seen).not.toHaveProperty('similarity');
    expect(seen).not.toHaveProperty('prompt');
  });

  it('shows another asset: its rank is lower, and what is nearer is named, nearest first', async () => {
    const rank = (await view(4, shotOf(2)))?.rank;
    expect(rank?.rank).toBeGreaterThan(1);
    expect(rank?.better).toHaveLength(Math.min(3, (rank?.rank ?? 0) - 1));
    expect(rank?.better[0]).toMatchObject({ assetId: ids[4] });
    expect(rank?.cosine).toBeLessThan(rank?.better.at(-1)?.cosine ?? 0);
  });

  it('has no collection: a deleted asset, a style alone, an embedder that cannot be had', async () => {
    expect(await view(0, { ...shotOf(0), references: [{ assetId: 'img_gone', role: 'firstFrame', image: images[0] }] })).toBeUndefined();
    expect(await view(0, { ...shotOf(0), references: [{ assetId: ids[0], role: 'style', image: images[0] }] })).toBeUndefined();
    const { embedders } = studio.ports;
    const get = () => Promise.reject(new AppError('MISCONFIGURED', 'not here'));
    expect(await view(0, shotOf(0), { ...studio.ports, embedders: { ...embedders, get } })).toBeUndefined();
  });

  it('is compared with the prompt where the embedder knows words', async () => {
    const ports = withEmbedder((embedder) => ({ modalities: ['image', 'text'], embedTexts: () => embedder.embedImages([images[3]]) }));
    expect((await view(3, shotOf(3, { prompt: 'three' }), ports))?.prompt).toBeGreaterThan(0.99);
    expect((await view(1, shotOf(3, { prompt: 'three' }), ports))?.prompt).toBeLessThan(0.99);
    expect(await view(3, shotOf(3), ports)).not.toHaveProperty('prompt');
  });

  it("is compared with its reference by the collection's embedder where that is not the eye's", async () => {
    const eye = Object.assign(Object.create(studio.ports.embedder), { id: 'the-eye' });
    const ports = { ...studio.ports, embedder: eye };
    const right = (await view(1, shotOf(1), ports))?.similarity ?? 0;
    expect(right).toBeGreaterThan(0.99);
    expect((await view(4, shotOf(1), ports))?.similarity).toBeLessThan(right);
  });

  it('has embedders that say whether they are billed: those of Bedrock, and no local one', async () => {
    const paid = bedrockEmbedders({} as never, {} as never).map(({ embedder }) => embedder.billed);
    expect(paid.length).toBeGreaterThan(2);
    expect(new Set(paid)).toEqual(new Set([true]));
    for (const name of ['vision', 'descriptor']) expect((await studio.ports.embedders.get(name)).billed, name).toBeUndefined();
  });

  it('asks an embedder that is billed only where that was asked for, and then tells its errors', async () => {
    const billed = withEmbedder(() => ({ billed: true }));
    expect(await view(1, shotOf(1), billed)).toBeUndefined();
    expect((await view(1, shotOf(1), billed, true))?.rank?.rank).toBe(1);
    const refused = withEmbedder(() => ({ billed: true, embedImages: () => Promise.reject(new AppError('BUDGET', 'nothing is left for today')) }));
    await expect(view(1, shotOf(1), refused, true)).rejects.toMatchObject({ code: 'BUDGET' });
  });
});
