import { AppError } from '../errors.ts';
import type { OnBillable, Ports } from '../ports.ts';
import { round, usd } from './cost.ts';
import { type Account, changeAccount, dayAccount, dayOf, usedUsd } from './ledger.ts';

/**
 * Calls are entered in blocks of this many US dollars and then used up: an embedding costs .00006, and writing the account for each of ten
 * thousand would take longer than the calls. A process that ends has entered at most so much too much.
 */
const BLOCK_USD = 0.05;

/**
 * Enters calls that are billed one by one (embeddings, captions, in-painting) into the account of their UTC day, each before it is sent: BUDGET where the
 * day's ceiling does not allow it. Without a ceiling they are only counted; those of a collection are videos alone, since many calls serve no single one.
 */
export function createCallMeter(ports: () => Ports): OnBillable {
  let block = { day: '', usd: 0 };
  let turn: Promise<void> = Promise.resolve();
  const take = async (costUsd: number) => {
    const day = dayOf(new Date());
    if (block.day !== day) block = { day, usd: 0 };
    if (block.usd < costUsd) block.usd = round(block.usd + (await enterBlock(ports(), day, costUsd - block.usd)));
    block.usd = round(block.usd - costUsd);
  };
  return (_kind, costUsd) => {
    const taken = turn.then(() => take(costUsd));
    turn = taken.catch(() => undefined);
    return taken;
  };
}

/** Returns what was entered: a block, or at a nearly used up ceiling the need alone. */
async function enterBlock(ports: Ports, day: string, needUsd: number): Promise<number> {
  const { perDayUsd } = ports.ceilings;
  let entered = 0;
  await changeAccount(ports, dayAccount(day), (account: Account) => {
    const left = perDayUsd === undefined ? Number.POSITIVE_INFINITY : round(perDayUsd - usedUsd(account));
    if (left < round(needUsd)) {
      throw new AppError('BUDGET', `VRAG_MAX_USD_PER_DAY ${usd(perDayUsd ?? 0)} leaves ${usd(Math.max(0, left))} for today (UTC); nothing was sent.`, {
        hint: 'Go on tomorrow, raise it, or work without the paid model.',
      });
    }
    entered = left < BLOCK_USD ? needUsd : Math.max(needUsd, BLOCK_USD);
    return { ...account, closedUsd: round(account.closedUsd + entered) };
  });
  return entered;
}
