import { AppError } from '../../../errors.ts';
import type { Catalog, Filter, Ranked } from '../../../ports.ts';
import { generationsOf } from './collections.ts';
import { newest } from './documents.ts';
import { EF_SEARCH } from './mapping.ts';
import { filterQueries } from './terms.ts';
import type { Store } from './writes.ts';

/** Hits more than asked for, where an asset may be there twice for a moment. */
const SPARE = 10;
/** Most hits of one search (OpenSearch, `index.max_result_window`). */
const MOST = 10_000;

type NearestQuery = Parameters<Catalog['nearest']>[1];

/** As in the port, but approximate: HNSW looks at `EF_SEARCH` candidates or k of each shard, whichever is more. */
export async function nearest({ engine, collections }: Store, name: string, query: NearestQuery, filter: Filter, k: number): Promise<Ranked[]> {
  const state = await collections.find(name);
  const filters = filterQueries(filter);
  const generation = state?.generations.find((one) => one.embedderId === query.embedderId);
  const [active] = state ? generationsOf(state) : [];
  if (!generation && active?.state === 'active') {
    throw new AppError('CONFLICT', `The collection ${name} has no vectors of ${query.embedderId}.`, {
      hint: `It is searched with ${active.embedderId} now. Read \`collections\` and embed the query again.`,
    });
  }
  if (!state || !generation || k < 1) return [];
  if (query.vector.length !== generation.dimensions) {
    throw new AppError(
      'INVALID_INPUT',
      `The query vector has ${query.vector.length} components; the collection ${name} holds vectors of ${generation.dimensions}.`,
      {
        hint: "Embed the query with the collection's own embedder.",
      },
    );
  }
  const isDomain = (await engine.kind()) === 'domain';
  const size = Math.min(MOST, isDomain ? k : k + SPARE);
  const { field } = generation;
  const knn = {
    vector: Array.from(query.vector),
    k: size,
    // The first condition is one that no nested document can meet: without it the engine asks the others (ranges, exclusions) of the vectors themselves.
    ...(filters.length > 0 ? { filter: { bool: { filter: [{ terms: { generations: [field] } }, ...filters] } } } : {}),
    // The lucene engine takes no such setting of the index; Serverless has it there.
    ...(isDomain ? { method_parameters: { ef_search: Math.max(EF_SEARCH, size) } } : {}),
  };
  const [result] = await engine.search([
    {
      index: state.index,
      body: {
        size,
        query: {
          nested: {
            path: field,
            score_mode: 'max',
            query: { knn: { [`${field}.vector`]: knn } },
            // Which frame it was; for each hit the engine searches its vectors again, so not where there are no frames.
            ...(filter.kind === 'image' ? {} : { inner_hits: { size: 1, _source: false, docvalue_fields: [`${field}.at`] } }),
          },
        },
        _source: { includes: ['id', 'stamp', 'created'] },
      },
    },
  ]);
  return newest(result)
    .map(({ document, hit }) => {
      const [best] = hit.inner_hits?.[field]?.hits.hits ?? [];
      const [at] = (best?.fields?.[`${field}.at`] ?? []) as number[];
      // The score of cosinesimil is (1 + cosine) / 2.
      return { id: document.id, created: document.created, score: 2 * Number(hit._score) - 1, ...(at === undefined ? {} : { atSeconds: at }) };
    })
    .sort((a, b) => b.score - a.score || a.created.localeCompare(b.created) || a.id.localeCompare(b.id))
    .slice(0, k)
    .map(({ created: _created, ...ranked }) => ranked);
}
