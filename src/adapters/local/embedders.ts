import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import type { Embedder, Embedders } from '../../ports.ts';

/** An embedder that comes with the package, under the name by which it is configured. */
export interface PackagedEmbedder {
  name: string;
  embedder: Embedder;
}

/** The packaged embedders by name or id. */
export function openEmbedders(config: Pick<Config, 'embedder'>, packaged: PackagedEmbedder[]): Embedders {
  const get = async (idOrName: string): Promise<Embedder> => {
    const own = packaged.find(({ name, embedder }) => idOrName === name || idOrName === embedder.id);
    if (own) return own.embedder;
    throw new AppError('MISCONFIGURED', `There is no embedder "${idOrName.slice(0, 200)}" here.`, {
      hint: 'Search the collection with another one: manage_collection {collection, reindex: "vision"}, or `vrag-mcp reindex` in a terminal.',
    });
  };
  return { fallback: () => get(config.embedder), get };
}
