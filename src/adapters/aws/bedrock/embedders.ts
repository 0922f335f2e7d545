import type { Embedder } from '../../../ports.ts';
import type { Bedrock } from './client.ts';
import { modelNamed } from './models.ts';
import { createNovaEmbedder } from './nova.ts';
import type { Pictures } from './pictures.ts';
import { createTitanEmbedder } from './titan.ts';

/** Length of the vectors where none is named. */
const DEFAULT_DIMENSIONS = 1024;

/**
 * Bedrock's embedders under the names of VRAG_EMBEDDER: `titan` and `nova` (1024 numbers), or with their length, e.g. `titan-256`, `nova-3072`. Building them
 * touches nothing.
 */
export function bedrockEmbedders(bedrock: Bedrock, pictures: Pictures): { name: string; embedder: Embedder }[] {
  const families = [
    { family: 'titan', create: createTitanEmbedder, dimensions: modelNamed('titan').limits.dimensions },
    { family: 'nova', create: createNovaEmbedder, dimensions: modelNamed('nova').limits.dimensions },
  ];
  return families.flatMap(({ family, create, dimensions }) =>
    dimensions.map((length) => ({ name: length === DEFAULT_DIMENSIONS ? family : `${family}-${length}`, embedder: create(bedrock, pictures, length) })),
  );
}
