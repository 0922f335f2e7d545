import { AppError } from '../errors.ts';
import type { Collection, Generation, Ports } from '../ports.ts';
import { requireCollection } from './assets.ts';

/** A collection as it stands, with its generations. */
export interface CollectionState extends Collection {
  generations: Generation[];
}

/** Settings, counts and generations of a collection; NOT_FOUND, naming those there are, for an unknown one. */
export async function describeCollection(ports: Ports, name: string): Promise<CollectionState> {
  await requireCollection(ports, name);
  const collection = (await ports.catalog.collections()).find((each) => each.name === name);
  if (!collection) throw new AppError('NOT_FOUND', `There is no collection "${name}".`);
  return { ...collection, generations: await ports.catalog.generations(name) };
}

/**
 * Changes a collection's settings, and makes it where it is not there. INVALID_INPUT for an embedder where there are vectors already, or a
 * name that another collection has in other case; MISCONFIGURED where the embedder cannot be had.
 */
export async function configureCollection(
  ports: Ports,
  name: string,
  settings: { requireApproval?: boolean | undefined; embedder?: string | undefined },
): Promise<void> {
  const { requireApproval, embedder } = settings;
  const known = await ports.catalog.collection(name);
  await refuseOtherCase(ports, name);
  const embedderId = embedder === undefined ? undefined : (await ports.embedders.get(embedder)).id;
  if (known && known.dimensions > 0 && embedderId !== undefined && embedderId !== known.embedderId) {
    throw new AppError('INVALID_INPUT', `The collection "${name}" has vectors of ${known.embedderId} already.`, {
      hint: `To embed it anew: manage_collection {collection: "${name}", reindex: "${embedder}"}.`,
    });
  }
  await ports.catalog.configure(name, { ...(requireApproval === undefined ? {} : { requireApproval }), ...(embedderId === undefined ? {} : { embedderId }) });
}

/** INVALID_INPUT for a new collection whose name another has in other case: they would be mistaken for each other. */
export async function refuseOtherCase(ports: Ports, name: string): Promise<void> {
  if (await ports.catalog.collection(name)) return;
  const same = (await ports.catalog.collections()).find((collection) => collection.name !== name && collection.name.toLowerCase() === name.toLowerCase());
  if (!same) return;
  throw new AppError('INVALID_INPUT', `There is a collection "${same.name}" already.`, {
    hint: `Use collection "${same.name}", or a name that differs in more than upper and lower case.`,
  });
}
