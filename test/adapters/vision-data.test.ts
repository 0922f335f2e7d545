import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openVision } from '../../src/adapters/local/vision/open.ts';
import type { Seen, SeenQuery } from '../../src/ports.ts';
import { cosine } from '../contracts/embedder.ts';
import { decodeFile } from '../fixtures/photographs.ts';

interface PixelQueries {
  pictures: string[];
  present: { query: string; right: string[] }[];
  absent: string[];
  unknown: string[];
}

const data = process.env.VRAG_TEST_DATA;
const why = data ? '' : ' (skipped: VRAG_TEST_DATA is not set)';
if (why) console.log(`vision-data${why}`);

const conceptEvidence = (seen: Seen, query: SeenQuery): number[] => {
  const probabilities = new Map(seen.classes);
  return query.concepts.map(({ classes }) => classes.reduce((sum, [index, weight]) => sum + weight * (probabilities.get(index) ?? 0), 0));
};

/** The score of the catalog port's `seen`. */
const score = (seen: Seen, query: SeenQuery): number => {
  const things = conceptEvidence(seen, query).reduce((sum, value) => sum + Math.sqrt(value), 0);
  if (query.colours.length === 0) return things;
  const shares = new Map(seen.subjectColours ?? seen.colours);
  const shade = query.colours.reduce((sum, name) => sum + Math.sqrt(Math.min(1, (shares.get(name) ?? 0) / 0.4)), 0) / query.colours.length;
  return things * (0.2 + 0.8 * shade) + 0.05 * shade;
};

/** Probability that a value of `high` is above one of `low` (area under the ROC curve). */
function separation(high: number[], low: number[]): number {
  let wins = 0;
  for (const one of high) for (const other of low) wins += one > other ? 1 : one === other ? 0.5 : 0;
  return wins / (high.length * low.length);
}

describe.skipIf(!data)(`the vision model on real pictures${why}`, () => {
  const root = data ?? '';
  const vision = openVision({ runtime: 'auto', ...(process.env.VRAG_TEST_ONNXRUNTIME_NODE ? { nativeModule: process.env.VRAG_TEST_ONNXRUNTIME_NODE } : {}) });
  afterAll(() => vision.close());

  it('finds at least 40 of 46 queries first by pixels alone, and is not confident of what is in no picture', { timeout: 300_000 }, async () => {
    const queries = JSON.parse(readFileSync(join(root, 'pixel-queries.json'), 'utf8')) as PixelQueries;
    const seen: Seen[] = [];
    for (const path of queries.pictures) seen.push(...(await vision.recogniser.recognise([await decodeFile(join(root, path), 1024)])));
    let found = 0;
    for (const { query, right } of queries.present) {
      const read = await vision.recogniser.understand(query);
      const best = seen.map((one) => score(one, read)).reduce((top, value, i, all) => (value > all[top] ? i : top), 0);
      if (right.includes(queries.pictures[best])) found++;
    }
    console.log(`first hits: ${found} of ${queries.present.length}`);
    expect(found).toBeGreaterThanOrEqual(40);
    for (const word of queries.absent) {
      const read = await vision.recogniser.understand(word);
      expect(Math.max(...seen.flatMap((one) => conceptEvidence(one, read))), word).toBeLessThan(0.15);
    }
    for (const word of queries.unknown) expect((await vision.recogniser.understand(word)).unknownWords, word).toEqual([word]);
  });

  it('tells objects apart in new views (AUC at least .99)', { timeout: 300_000 }, async () => {
    const folder = join(root, 'dreambooth', 'dataset');
    const objects = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const photos: { object: string; vector: Float32Array }[] = [];
    for (const { name: object } of objects) {
      for (const file of readdirSync(join(folder, object)).filter((name) => name.endsWith('.jpg'))) {
        const [vector] = await vision.embedder.embedImages([await decodeFile(join(folder, object, file))]);
        photos.push({ object, vector });
      }
    }
    const pairs = photos.flatMap((one, i) =>
      photos.slice(i + 1).map((other) => ({ same: one.object === other.object, value: cosine(one.vector, other.vector) })),
    );
    const values = (same: boolean) => pairs.filter((pair) => pair.same === same).map((pair) => pair.value);
    const auc = separation(values(true), values(false));
    console.log(`identity AUC: ${auc.toFixed(4)} over ${photos.length} photos of ${objects.length} objects`);
    expect(auc).toBeGreaterThan(0.99);
  });
});
