import { AppError } from '../../../errors.ts';
import type { Asset, AssetVector, EmbeddedVectors, Generation } from '../../../ports.ts';

/** INVALID_INPUT where the vectors of one embedder differ in length, or have none. */
export function checkVectors({ asset, vectors = [] }: { asset: Asset; vectors?: EmbeddedVectors[] }): void {
  for (const { embedderId, vectors: ofOne } of vectors) {
    const lengths = new Set(ofOne.map(({ vector }) => vector.length));
    if (lengths.size <= 1 && !lengths.has(0)) continue;
    throw new AppError('INVALID_INPUT', `The vectors of ${asset.id} by ${embedderId} have lengths ${[...lengths].join(', ')}.`, {
      hint: 'All vectors of one embedder have the same length.',
    });
  }
}

/** CONFLICT where vectors do not fit the generations that they would go into, the active one first; none: an unbound collection. */
export function checkFit(asset: Asset, vectors: readonly EmbeddedVectors[] | undefined, generations: readonly Generation[]): void {
  const [active] = generations;
  if (!active || !vectors) return;
  if (!vectors.some(({ embedderId }) => embedderId === active.embedderId)) {
    const given = vectors.map(({ embedderId, vectors: ofOne }) => `${embedderId} (${ofOne[0]?.vector.length ?? 0})`).join(', ') || 'no embedder';
    throw new AppError('CONFLICT', `The collection ${asset.collection} holds vectors of another embedder.`, {
      hint: `It is pinned to ${active.embedderId} (${active.dimensions} dimensions); these vectors are from ${given}. Use another collection, or run \`reindex\`.`,
    });
  }
  for (const generation of generations) {
    checkLength(generation, vectors.find(({ embedderId }) => embedderId === generation.embedderId)?.vectors ?? [], asset.collection);
  }
}

/** CONFLICT where vectors of a generation have another length than its own. */
export function checkLength({ embedderId, dimensions }: Generation, vectors: readonly AssetVector[], collection: string): void {
  const wrong = vectors.find(({ vector }) => vector.length !== dimensions);
  if (!wrong) return;
  throw new AppError('CONFLICT', `The collection ${collection} holds vectors of ${dimensions} dimensions.`, {
    hint: `Those of ${embedderId} have ${dimensions} dimensions there; these have ${wrong.vector.length}. Use another collection, or run \`reindex\`.`,
  });
}

/** What an unbound collection is bound to by an asset's vectors: to the embedder that it was configured with, where there are some of it. */
export function firstOf(vectors: readonly EmbeddedVectors[], configured: string | undefined): Pick<Generation, 'embedderId' | 'dimensions'> | undefined {
  const given = vectors.filter((entry) => entry.vectors.length > 0);
  const first = given.find(({ embedderId }) => embedderId === configured) ?? given[0];
  return first && { embedderId: first.embedderId, dimensions: first.vectors[0].vector.length };
}
