import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../errors.ts';
import { pause } from './backoff.ts';
import { type AssetDocument, vectorsOf } from './document.ts';
import type { BulkAction, Engine, SearchResult } from './engine.ts';
import { failure } from './failures.ts';

/** A bulk request at most: the service takes 10 MB, and one of 5 MB is handled within seconds. */
const BULK_BYTES = 5_000_000;
const BULK_ACTIONS = 1000;
/** Documents that are read with their vectors at a time. */
const READ_AT_ONCE = 100;
/** Somebody else changed the same asset each time. */
const TRIES = 10;
/** How long a write waits on Serverless until searches see it: its documentation names up to a minute. */
const VISIBLE_WITHIN_MS = 120_000;
const FIRST_LOOK_MS = 100;
const LOOK_EVERY_MS = 2000;

/** One stored version of an asset. */
interface Version {
  documentId: string;
  document: AssetDocument;
  /** Domains only. */
  sequence?: { if_seq_no: number; if_primary_term: number };
}

/** What to make of an asset: its new document, or nothing to be changed. */
export type Change = (id: string, stored: AssetDocument | undefined) => AssetDocument | undefined;

/** Of several versions of one asset, the last one written; in the order of the hits. Serverless shows an old and a new one for a moment. */
export function newest(result: SearchResult): { document: AssetDocument; hit: SearchResult['hits']['hits'][number] }[] {
  const found = new Map<string, { document: AssetDocument; hit: SearchResult['hits']['hits'][number] }>();
  for (const hit of result.hits.hits) {
    const document = hit._source as unknown as AssetDocument;
    const known = found.get(document.id);
    if (!known || known.document.stamp < document.stamp) found.set(document.id, { document, hit });
  }
  return [...found.values()];
}

/**
 * The documents of assets. On a domain an asset's id is its document's id, changes are compare-and-swap, and every write ends with a refresh.
 * Serverless takes no ids: a change adds a document and deletes those before, and waits until searches show it.
 */
export class Documents {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Writes whole documents over whatever is there. */
  async put(index: string, documents: readonly AssetDocument[]): Promise<void> {
    if ((await this.#engine.kind()) === 'domain') {
      const actions = documents.map((document) => ({ action: { index: { _index: index, _id: document.id } }, document: JSON.stringify(document) }));
      return this.#write(index, actions);
    }
    const byId = new Map(documents.map((document) => [document.id, document]));
    await this.#replaceVersions(index, [...byId.keys()], (id) => byId.get(id));
  }

  /** Reads, changes and writes assets; each change is made to the version that is replaced by it. */
  async change(index: string, ids: readonly string[], change: Change): Promise<void> {
    const isDomain = (await this.#engine.kind()) === 'domain';
    for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
      const some = ids.slice(at, at + READ_AT_ONCE);
      if (isDomain) await this.#swap(index, some, change);
      else await this.#replaceVersions(index, some, change);
    }
    if (isDomain && ids.length > 0) await this.#engine.refresh(index);
  }

  /** Deletes assets of one index; those that are not there are no error. */
  async remove(index: string, ids: readonly string[]): Promise<void> {
    if ((await this.#engine.kind()) === 'domain') {
      return this.#write(
        index,
        ids.map((id) => ({ action: { delete: { _index: index, _id: id } } })),
      );
    }
    for (let at = 0; at < ids.length; at += READ_AT_ONCE) await this.#deleteVersions(index, ids.slice(at, at + READ_AT_ONCE));
  }

  /** A domain's documents, each by compare-and-swap; those that somebody else changed meanwhile are read again. */
  async #swap(index: string, ids: readonly string[], change: Change): Promise<void> {
    let open = [...ids];
    for (let attempt = 0; open.length > 0; attempt++) {
      if (attempt === TRIES) throw new AppError('UNAVAILABLE', 'Other servers keep changing the same assets.', { hint: 'Call again in a minute.' });
      if (attempt > 0) await pause(attempt);
      const actions: (BulkAction & { id: string })[] = [];
      for (const stored of await this.#engine.read(index, open)) {
        const {
          _id: id = '',
          found,
          _source,
          _seq_no,
          _primary_term,
        } = stored as { _id?: string; found?: boolean; _source?: unknown; _seq_no?: number; _primary_term?: number };
        const document = change(id, found ? whole(_source as AssetDocument) : undefined);
        if (!document) continue;
        const action = found
          ? { index: { _index: index, _id: id, if_seq_no: _seq_no, if_primary_term: _primary_term } }
          : { create: { _index: index, _id: id } };
        actions.push({ id, action, document: JSON.stringify(document) });
      }
      open = [];
      for (const lot of lotsOf(actions)) {
        const outcomes = await this.#engine.bulk(lot);
        outcomes.forEach(({ status }, i) => {
          if (status === 409) open.push(actions[actions.indexOf(lot[i] as (typeof actions)[number])].id);
          else if (status >= 300) throw failure(status, '', undefined);
        });
      }
    }
  }

  /** In requests of a bearable size; what was written is visible in the end. */
  async #write(index: string, actions: readonly BulkAction[]): Promise<void> {
    await this.#writeAll(actions);
    await this.#engine.refresh(index);
  }

  /** Serverless: adds the new versions, then deletes those that were there; a request that is cut off leaves both, of which the newer counts. */
  async #replaceVersions(index: string, ids: readonly string[], change: Change): Promise<void> {
    for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
      const some = ids.slice(at, at + READ_AT_ONCE);
      const stored = await this.#versions(index, some);
      const documents = some.flatMap((id) => {
        const [last] = (stored.get(id) ?? []).sort((a, b) => b.document.stamp.localeCompare(a.document.stamp));
        const document = change(id, last && whole(last.document));
        return document ? [document] : [];
      });
      const replaced = documents.flatMap(({ id }) => (stored.get(id) ?? []).map(({ documentId }) => documentId));
      await this.#writeAll(documents.map((document) => ({ action: { index: { _index: index } }, document: JSON.stringify(document) })));
      await this.#writeAll(replaced.map((documentId) => ({ action: { delete: { _index: index, _id: documentId } } })));
      await this.#untilVisible(index, new Map(documents.map(({ id, stamp }) => [id, stamp])), new Set(replaced));
    }
  }

  async #deleteVersions(index: string, ids: readonly string[]): Promise<void> {
    const stored = await this.#versions(index, ids);
    const all = [...stored.values()].flat().map(({ documentId }) => documentId);
    await this.#writeAll(all.map((documentId) => ({ action: { delete: { _index: index, _id: documentId } } })));
    await this.#untilVisible(index, new Map([...stored.keys()].map((id) => [id, ''])), new Set(all));
  }

  async #writeAll(actions: readonly BulkAction[]): Promise<void> {
    for (const lot of lotsOf(actions)) {
      for (const { status } of await this.#engine.bulk(lot)) if (status >= 300 && status !== 404) throw failure(status, '', undefined);
    }
  }

  async #versions(index: string, ids: readonly string[], fields?: string[]): Promise<Map<string, Version[]>> {
    const found = new Map<string, Version[]>();
    const [result] = await this.#engine.search([
      { index, body: { size: 10_000, query: { terms: { id: [...ids] } }, ...(fields ? { _source: { includes: fields } } : {}) } },
    ]);
    for (const hit of result.hits.hits) {
      const document = hit._source as unknown as AssetDocument;
      found.set(document.id, [...(found.get(document.id) ?? []), { documentId: hit._id ?? '', document }]);
    }
    return found;
  }

  /** Looks until of each asset the version of this stamp or a later one is there ('': none need be) and none that was deleted. UNAVAILABLE where that takes too long. */
  async #untilVisible(index: string, stamps: ReadonlyMap<string, string>, deleted: ReadonlySet<string>): Promise<void> {
    if (stamps.size === 0) return;
    const end = Date.now() + VISIBLE_WITHIN_MS;
    for (let wait = FIRST_LOOK_MS; ; wait = Math.min(LOOK_EVERY_MS, wait * 2)) {
      const stored = await this.#versions(index, [...stamps.keys()], ['id', 'stamp']);
      const isSeen = [...stamps].every(([id, stamp]) => {
        const versions = stored.get(id) ?? [];
        const isThere = stamp === '' || versions.some(({ document }) => document.stamp >= stamp);
        return isThere && !versions.some(({ documentId }) => deleted.has(documentId));
      });
      if (isSeen) return;
      if (Date.now() > end) {
        throw new AppError('UNAVAILABLE', 'OpenSearch Serverless has stored the change but does not show it yet.', { hint: 'Call again in a minute.' });
      }
      await sleep(wait);
    }
  }
}

/** What is written back must be all that was there. */
function whole(document: AssetDocument): AssetDocument {
  for (const field of document.generations) vectorsOf(document, field);
  return document;
}

/** In lots of a bounded number and size. */
function lotsOf<T extends BulkAction>(actions: readonly T[]): T[][] {
  const lots: T[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const action of actions) {
    const size = Buffer.byteLength(action.document ?? '') + 200;
    if (bytes + size > BULK_BYTES || (lots.at(-1)?.length ?? 0) >= BULK_ACTIONS) {
      lots.push([]);
      bytes = 0;
    }
    lots.at(-1)?.push(action);
    bytes += size;
  }
  return lots;
}
