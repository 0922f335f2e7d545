import { randomUUID } from 'node:crypto';
import { AppError } from '../../../errors.ts';
import type { Records, StoredRecord } from '../../../ports.ts';
import { cursorOf, positionOf } from '../../local/store/cursor.ts';
import type { S3Bucket } from './bucket.ts';
import { RecordChain, type State } from './record-chain.ts';
import { RecordIndex } from './record-index.ts';
import { nameOf, OrderSource } from './record-keys.ts';

/** Clocks of two servers, both compared with S3's, agree within this. */
const CLOCKS_AGREE_MS = 2000;
/** A lease with more than this share left is not written again. */
const RENEWED_UNTIL = 0.6;
const AT_ONCE = 32;

/**
 * Records in a bucket as chains of create-only versions (`RecordChain`) with an index of empty objects (`RecordIndex`). Lease times are S3's clock; a server
 * waits two seconds longer for a lease that another process holds. Requests, each of them strongly consistent: create 2 writes (3 where open), get 1 list + 1
 * get (an open record seen in the last minutes: 1 get), update, claim of an id and release 1 write (3 where a record is opened or closed), renew 1 write or
 * 1 get, list 1 list + a get of each record, delete 2 writes + 1 for each version. A lost race costs 2 gets more. Errors as in the port and in `s3Error`.
 */
export function createS3Records(bucket: S3Bucket): Records & { close(): Promise<void> } {
  const chain = new RecordChain(bucket);
  const index = new RecordIndex(bucket, chain);
  const orders = new OrderSource();
  const holder = randomUUID();
  const nowText = () => new Date(bucket.clock.now()).toISOString();
  const isLive = (lease: NonNullable<State['lease']>): boolean => lease.untilMs > bucket.clock.now();
  const isFree = ({ lease }: State): boolean => !lease || lease.untilMs + (lease.holder === holder ? 0 : CLOCKS_AGREE_MS) <= bucket.clock.now();
  const isHeld = (state: State | undefined, owner: string): boolean => state?.lease?.owner === owner && isLive(state.lease);
  const leaseFor = (owner: string, leaseSeconds: number) => ({ owner, untilMs: bucket.clock.now() + leaseSeconds * 1000, holder });

  async function create({ kind, id, open = false, body }: Parameters<Records['create']>[0]): Promise<StoredRecord> {
    const name = nameOf(kind, id);
    const { order, createdAt } = orders.next(bucket.clock.now());
    const opened = open ? { opening: randomUUID() } : {};
    const state: State = { order, kind, id, version: 1, createdAt, updatedAt: createdAt, open, body, ...opened };
    await index.add(name, state, { isNew: true });
    try {
      return recordOf(await chain.create(name, state));
    } catch (error) {
      if (error instanceof AppError && error.code === 'CONFLICT') await index.remove(name, state, { isNew: true });
      throw error;
    }
  }

  async function update(record: Parameters<Records['update']>[0], owner: string | undefined): Promise<StoredRecord> {
    const { kind, id, open, body } = record;
    const name = nameOf(kind, id);
    const reopening = await openingFor(name, record);
    let before: State | undefined;
    try {
      const written = await chain.change(name, (newest) => {
        before = checked(newest, record);
        if (owner !== undefined && !isHeld(before, owner)) throw notHeld(kind, id);
        const { opening: _, ...rest } = before;
        const opening = open ? { opening: before.opening ?? reopening?.opening } : {};
        return { ...rest, ...opening, version: before.version + 1, updatedAt: nowText(), open, body };
      });
      if (before?.opening !== undefined && !open) await index.remove(name, before, { isNew: false });
      return recordOf(written as State);
    } catch (error) {
      // Where the answer was lost the record may be open by now: its entry stays.
      if (reopening && error instanceof AppError && !error.retryable) await index.remove(name, reopening, { isNew: false });
      throw error;
    }
  }

  /** The entry of a closed record that is to be open, written first. */
  async function openingFor(name: string, record: Parameters<Records['update']>[0]): Promise<State | undefined> {
    if (!record.open) return undefined;
    const state = checked(await chain.load(name), record);
    if (state.open) return undefined;
    const reopening = { ...state, opening: randomUUID() };
    await index.add(name, reopening, { isNew: false });
    return reopening;
  }

  async function list(kind: string, { limit, cursor, open }: Parameters<Records['list']>[1]) {
    const after = cursor === undefined ? {} : { after: String(positionOf(cursor, ['string'])[0]) };
    const found: { state: State; place: string }[] = [];
    for await (const each of index.records(kind, { open: open === true, want: limit + 1, ...after })) {
      if (open !== false || !each.state.open) found.push(each);
      if (found.length > limit) break;
    }
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return { records: page.map(({ state }) => recordOf(state)), ...(found.length > limit && last ? { cursor: cursorOf([last.place]) } : {}) };
  }

  async function claimOne(name: string, owner: string, leaseSeconds: number): Promise<StoredRecord | undefined> {
    const claimed = await chain.change(name, (newest) =>
      newest && !newest.deleted && newest.open && isFree(newest) ? { ...newest, lease: leaseFor(owner, leaseSeconds) } : undefined,
    );
    return claimed && recordOf(claimed);
  }

  async function claim(kind: string, { owner, leaseSeconds, id }: Parameters<Records['claim']>[1]): Promise<StoredRecord | undefined> {
    if (id !== undefined) return claimOne(nameOf(kind, id), owner, leaseSeconds);
    const open: State[] = [];
    for await (const { state } of index.records(kind, { open: true, want: 1000 })) open.unshift(state);
    for (const state of open) {
      const claimed = isFree(state) ? await claimOne(nameOf(kind, state.id), owner, leaseSeconds) : undefined;
      if (claimed) return claimed;
    }
    return undefined;
  }

  async function renew(kind: string, id: string, { owner, leaseSeconds }: { owner: string; leaseSeconds: number }): Promise<boolean> {
    let held = false;
    await chain.change(nameOf(kind, id), (newest) => {
      held = isHeld(newest, owner);
      if (!held || !newest?.lease) return undefined;
      const lease = leaseFor(owner, leaseSeconds);
      const spare = lease.untilMs - newest.lease.untilMs;
      return spare >= 0 && spare <= (1 - RENEWED_UNTIL) * leaseSeconds * 1000 ? undefined : { ...newest, lease };
    });
    return held;
  }

  async function remove(kind: string, id: string): Promise<void> {
    const name = nameOf(kind, id);
    let before: State | undefined;
    const deleted = await chain.change(name, (newest) => {
      before = newest;
      if (!newest || newest.deleted) return undefined;
      const { order, version, createdAt } = newest;
      return { order, kind, id, version, createdAt, updatedAt: nowText(), open: false, body: null, deleted: true };
    });
    if (!before) return;
    // Also where it is deleted already: the server that did may have stopped here.
    await chain.erase(name);
    if (deleted) await index.remove(name, before, { isNew: true });
  }

  return {
    create,
    get: async (kind, id) => {
      const state = await chain.load(nameOf(kind, id));
      return state && !state.deleted ? recordOf(state) : undefined;
    },
    async getMany(kind, ids) {
      const wanted = [...new Set(ids)];
      const found: StoredRecord[] = [];
      for (let at = 0; at < wanted.length; at += AT_ONCE) {
        const states = await Promise.all(wanted.slice(at, at + AT_ONCE).map((id) => chain.load(nameOf(kind, id))));
        for (const state of states) if (state && !state.deleted) found.push(recordOf(state));
      }
      return found;
    },
    list,
    update: (record, { owner } = {}) => update(record, owner),
    claim,
    renew,
    async release(kind, id, owner) {
      await chain.change(nameOf(kind, id), (newest) => {
        if (newest?.lease?.owner !== owner) return undefined;
        const { lease: _, ...free } = newest;
        return free;
      });
    },
    delete: remove,
    close: () => chain.settle(),
  };
}

/** A copy: what callers do with it stays theirs. */
function recordOf({ kind, id, version, createdAt, updatedAt, open, body }: State): StoredRecord {
  return { kind, id, version, createdAt, updatedAt, open, body: structuredClone(body) };
}

function checked(newest: State | undefined, { kind, id, version }: { kind: string; id: string; version: number }): State {
  if (!newest || newest.deleted) {
    throw new AppError('NOT_FOUND', `There is no ${kind} record ${id}.`, { hint: 'It was deleted; create it again if it is needed.' });
  }
  if (newest.version === version) return newest;
  throw new AppError('CONFLICT', `The ${kind} record ${id} changed meanwhile: version ${newest.version}, not ${version}.`, {
    hint: 'Read it again and repeat the change.',
  });
}

function notHeld(kind: string, id: string): AppError {
  return new AppError('CONFLICT', `The lease of the ${kind} record ${id} is not (or no longer) this owner's.`, { hint: 'Claim it again before changing it.' });
}
