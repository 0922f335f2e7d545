import type { Embedder, Ports } from '../ports.ts';

/**
 * Embedders that new pictures of a collection need: the one it is searched with first, then that of a generation being built, unless it cannot
 * be had here: the job that builds it embeds what it misses.
 */
export async function embeddersOf(ports: Ports, collection: string): Promise<[Embedder, ...Embedder[]]> {
  const generations = (await ports.catalog.generations(collection)).filter(({ state }) => state !== 'retired');
  const [first, ...building] = generations.map(({ embedderId }) => embedderId);
  const searched = first === undefined ? await newEmbedder(ports, collection) : await ports.embedders.get(first);
  const others = await Promise.allSettled(building.map((id) => ports.embedders.get(id)));
  return [searched, ...others.flatMap((other) => (other.status === 'fulfilled' ? [other.value] : []))];
}

/** A collection without vectors is bound to nothing but what it was configured with. */
async function newEmbedder(ports: Ports, collection: string): Promise<Embedder> {
  const settings = await ports.catalog.collection(collection);
  return settings?.embedderId ? ports.embedders.get(settings.embedderId) : ports.embedders.fallback();
}
