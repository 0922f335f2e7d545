import type { Embedder, Ports } from '../ports.ts';

/** Embedders that new pictures of a collection need: the one it is searched with first, then that of a generation being built. */
export async function embeddersOf(ports: Ports, collection: string): Promise<[Embedder, ...Embedder[]]> {
  const generations = (await ports.catalog.generations(collection)).filter(({ state }) => state !== 'retired');
  const [searched, ...building] = await Promise.all(generations.map(({ embedderId }) => ports.embedders.get(embedderId)));
  return [searched ?? (await newEmbedder(ports, collection)), ...building];
}

/** A collection without vectors is bound to nothing but what it was configured with. */
async function newEmbedder(ports: Ports, collection: string): Promise<Embedder> {
  const settings = await ports.catalog.collection(collection);
  return settings?.embedderId ? ports.embedders.get(settings.embedderId) : ports.embedders.fallback();
}
