import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { JsonValue, Ports } from '../ports.ts';
import { round } from './cost.ts';

/** One job in an account. */
export interface Entry {
  jobId: string;
  /** What counts against the ceiling: what it may cost at most, and what it cost once `final`. */
  usd: number;
  final?: boolean;
  /** Of its last change. */
  at: string;
}

/** What was reserved and spent on one UTC day, or by one collection since it first paid. */
export interface Account {
  entries: Entry[];
  /** Sum of the final entries that were folded into it, so that the record stays small. */
  closedUsd: number;
  /** Of a collection, where it was set. */
  ceilingUsd?: number;
}

/** Record kind of the accounts. */
const LEDGER = 'ledger';
/** Final entries stay by themselves for so long, so that a call that comes late finds its own again. */
const FOLD_AFTER_MS = 3600_000;
/** Lost races before the ledger counts as not usable: with pauses that grow to a second, about a minute. */
const MAX_RACES = 100;

/** Account of the UTC day of `at`. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
export const dayAccount = (day: string): string => `day-${day}`;
export const collectionAccount = (collection: string): string => `collection-${collection}`;

/** What counts against the ceiling of an account. */
export const usedUsd = ({ entries, closedUsd }: Account): number => round(entries.reduce((sum, entry) => sum + entry.usd, closedUsd));

const EMPTY: Account = { entries: [], closedUsd: 0 };

/** The account, an empty one where nothing was written yet. */
export async function readAccount(ports: Ports, id: string): Promise<Account> {
  return ((await ports.records.get(LEDGER, id))?.body as unknown as Account | undefined) ?? EMPTY;
}

/**
 * Read, change, compare-and-swap, until no other writer was faster; the last `change` is the one that counts. A change that returns what it was
 * given writes nothing, one that throws changes nothing.
 */
export async function changeAccount(ports: Ports, id: string, change: (account: Account) => Account | Promise<Account>): Promise<void> {
  for (let race = 0; ; race++) {
    const record = await ports.records.get(LEDGER, id);
    const before = (record?.body as unknown as Account | undefined) ?? EMPTY;
    const account = await change(before);
    if (account === before) return;
    const next = { kind: LEDGER, id, open: false, body: folded(account) as unknown as JsonValue };
    try {
      await (record ? ports.records.update({ ...next, version: record.version }) : ports.records.create(next));
      return;
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
      if (race >= MAX_RACES) throw new AppError('UNAVAILABLE', 'Too many calls write the ledger at once; nothing was started.', { hint: 'Call again.' });
      // At random, or the same writers would meet again.
      await sleep(Math.random() * Math.min(20 * (race + 1), 1000));
    }
  }
}

function folded(account: Account): Account {
  const old = (entry: Entry) => entry.final === true && Date.now() - Date.parse(entry.at) > FOLD_AFTER_MS;
  const closedUsd = account.entries.filter(old).reduce((sum, entry) => sum + entry.usd, account.closedUsd);
  return { ...account, closedUsd: round(closedUsd), entries: account.entries.filter((entry) => !old(entry)) };
}
