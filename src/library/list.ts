import type { Asset, Filter, Ports } from '../ports.ts';
import { requireCollection } from './assets.ts';
import { join, restOf } from './pages.ts';

export interface ListRequest {
  /** Absent: all collections. */
  collection?: string | undefined;
  filter: Filter;
  limit: number;
  /** `cursor` of the page before. */
  cursor?: string | undefined;
}

/**
 * The newest assets, page by page; what is added, edited or deleted meanwhile neither repeats nor hides one. NOT_FOUND for an unknown
 * collection, INVALID_INPUT for a cursor of another listing.
 */
export async function listAssets(ports: Ports, { collection, filter, limit, cursor }: ListRequest): Promise<{ assets: Asset[]; cursor?: string }> {
  if (collection !== undefined) await requireCollection(ports, collection);
  const listing = { list: collection ?? null, filter };
  const page = await ports.catalog.list(collection, filter, { limit, ...(cursor === undefined ? {} : { cursor: restOf(listing, cursor) }) });
  return { assets: page.assets, ...(page.cursor === undefined ? {} : { cursor: join(listing, page.cursor) }) };
}
