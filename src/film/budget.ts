import { AppError } from '../errors.ts';
import type { Ports } from '../ports.ts';
import { allTakes, type Budget, isSettled, round, sumOf, usd } from './cost.ts';
import { JOB, type JobView, readJob, readJobView } from './jobs.ts';
import { type Account, changeAccount, collectionAccount, dayAccount, dayOf, type Entry, readAccount, usedUsd } from './ledger.ts';
import { takeIdsOf } from './shot-takes.ts';
import { hasComparable, providerRequest, requireGenerator, type Storyboard } from './storyboard.ts';
import { readTake, TAKE } from './takes.ts';

/** One job that is about to be made. */
export interface Reservation {
  jobId: string;
  usd: number;
}

/** A ceiling that holds for a request. US dollars. */
export interface Limit {
  /** The setting or argument that sets it. */
  name: 'maxCostUsd' | 'VRAG_MAX_USD_PER_JOB' | 'VRAG_MAX_USD_PER_DAY' | 'collection';
  ceilingUsd: number;
  /** Spent and reserved already. */
  usedUsd: number;
}

export const availableUsd = ({ ceilingUsd, usedUsd: used }: Limit): number => Math.max(0, round(ceilingUsd - used));

/** An entry whose job was not written this long after it belongs to a call that died between the two. */
const WRITTEN_AFTER_MS = 600_000;

/**
 * What a job of this storyboard may cost; `undefined` where its provider is free. `taken`: indexes of the shots whose first take is there
 * already. The estimates are the provider's, times the takes that each shot may need.
 */
export function budgetOf(ports: Ports, storyboard: Storyboard, taken: number[] = [], day = dayOf(new Date())): Budget | undefined {
  const generator = requireGenerator(ports, storyboard.provider);
  if (generator.capabilities.free) return undefined;
  const shotsUsd = storyboard.shots.map((shot) => generator.estimate(providerRequest(shot)).costUsd);
  const sum = (takesOf: (index: number) => number) => round(shotsUsd.reduce((total, one, index) => total + one * takesOf(index), 0));
  const first = (index: number) => (taken.includes(index) ? 0 : 1);
  // Further takes follow from a report, and there is none without a picture to compare with.
  const further = (index: number) => (hasComparable(storyboard.shots[index]) ? (storyboard.quality?.maxTakes ?? 1) - 1 : 0);
  return { shotsUsd, leastUsd: sum(first), reservedUsd: sum((index) => first(index) + further(index)), day };
}

/**
 * The budgets of the jobs of one request with no more reserved than its own ceilings leave: further takes stop there. What is left beside the
 * first takes is shared out by need. Unchanged where even the first takes do not fit.
 */
export function capped(budgets: Budget[], { perJobUsd = Infinity, maxCostUsd = Infinity }: { perJobUsd?: number; maxCostUsd?: number | undefined }): Budget[] {
  const most = budgets.map(({ leastUsd, reservedUsd }) => (leastUsd > perJobUsd ? reservedUsd : Math.min(reservedUsd, perJobUsd)));
  const further = budgets.map(({ leastUsd }, index) => most[index] - leastUsd);
  const need = further.reduce((sum, usd) => sum + usd, 0);
  const spare = maxCostUsd - budgets.reduce((sum, { leastUsd }) => sum + leastUsd, 0);
  const share = spare < 0 || need <= spare ? 1 : spare / need;
  // Rounded down, so that the shares together stay below the ceiling.
  return budgets.map((budget, index) => ({ ...budget, reservedUsd: share === 1 ? most[index] : floor(budget.leastUsd + further[index] * share) }));
}

/** Micro-dollars, rounded down but for what only floating point takes off. */
const floor = (usd: number): number => Math.floor(usd * 1e6 + 1e-3) / 1e6;

/** Every ceiling that a request has to keep: the call's, a job's, the day's and the collection's. */
export async function limitsOf(ports: Ports, { collection, maxCostUsd }: { collection: string; maxCostUsd?: number | undefined }): Promise<Limit[]> {
  const { perDayUsd, perJobUsd } = ports.ceilings;
  const limits: Limit[] = [];
  if (maxCostUsd !== undefined) limits.push({ name: 'maxCostUsd', ceilingUsd: maxCostUsd, usedUsd: 0 });
  if (perJobUsd !== undefined) limits.push({ name: 'VRAG_MAX_USD_PER_JOB', ceilingUsd: perJobUsd, usedUsd: 0 });
  if (perDayUsd !== undefined) {
    const account = await readAccount(ports, dayAccount(dayOf(new Date())));
    limits.push({ name: 'VRAG_MAX_USD_PER_DAY', ceilingUsd: perDayUsd, usedUsd: usedUsd(account) });
  }
  const account = await readAccount(ports, collectionAccount(collection));
  if (account.ceilingUsd !== undefined) limits.push({ name: 'collection', ceilingUsd: account.ceilingUsd, usedUsd: usedUsd(account) });
  return limits;
}

/**
 * Enters jobs into the accounts of their day and collection, all or none; those that stand there already stay as they are, so it may be done
 * again by anybody. Returns the ceiling that does not allow it, and then nothing of it stays.
 */
export async function reserve(ports: Ports, { collection, day }: { collection: string; day: string }, jobs: Reservation[]): Promise<Limit | undefined> {
  const ofDay = await enter(ports, dayAccount(day), jobs, ports.ceilings.perDayUsd);
  if (ofDay.short) return { name: 'VRAG_MAX_USD_PER_DAY', ...ofDay.short };
  const ofCollection = await enter(ports, collectionAccount(collection), jobs);
  if (!ofCollection.short) return undefined;
  await strike(ports, dayAccount(day), ofDay.added);
  return { name: 'collection', ...ofCollection.short };
}

async function enter(
  ports: Ports,
  id: string,
  jobs: Reservation[],
  given?: number,
): Promise<{ added: string[]; short?: Pick<Limit, 'ceilingUsd' | 'usedUsd'> }> {
  let added: string[] = [];
  let short: Pick<Limit, 'ceilingUsd' | 'usedUsd'> | undefined;
  await changeAccount(ports, id, async (account) => {
    const swept = await sweep(ports, id, account);
    const known = new Map(swept.entries.map((entry) => [entry.jobId, entry]));
    // A call that died may have entered less for the same job, under a lower ceiling of its own.
    const wanting = jobs.filter(({ jobId, usd: most }) => !known.get(jobId)?.final && most > (known.get(jobId)?.usd ?? 0));
    const used = usedUsd(swept);
    const ceilingUsd = given ?? swept.ceilingUsd;
    const need = wanting.reduce((sum, one) => sum + one.usd - (known.get(one.jobId)?.usd ?? 0), 0);
    short = need > 0 && ceilingUsd !== undefined && round(used + need) > ceilingUsd ? { ceilingUsd, usedUsd: used } : undefined;
    added = short ? [] : wanting.filter(({ jobId }) => !known.has(jobId)).map(({ jobId }) => jobId);
    if (short || wanting.length === 0) return swept;
    const at = new Date().toISOString();
    const others = swept.entries.filter(({ jobId }) => !wanting.some((one) => one.jobId === jobId));
    return { ...swept, entries: [...others, ...wanting.map((one): Entry => ({ ...one, at }))] };
  });
  return { added, ...(short ? { short } : {}) };
}

/** The account without what calls left that died before they wrote their job, and with what ended jobs really cost. */
async function sweep(ports: Ports, id: string, account: Account): Promise<Account> {
  const doubtful = account.entries.filter((entry) => !entry.final && Date.now() - Date.parse(entry.at) > WRITTEN_AFTER_MS);
  if (doubtful.length === 0) return account;
  const records = new Map(
    (
      await ports.records.getMany(
        JOB,
        doubtful.map(({ jobId }) => jobId),
      )
    ).map((record) => [record.id, readJob(record)]),
  );
  let entries = account.entries;
  for (const { jobId } of doubtful) {
    const job = records.get(jobId);
    const stands = job?.budget && accountsOf(job.budget, job.storyboard.collection).includes(id);
    const view = stands && job.ended ? await readJobView(ports, jobId) : undefined;
    if (!stands) entries = entries.filter((entry) => entry.jobId !== jobId);
    else if (view) entries = standing(entries, view);
  }
  return entries === account.entries ? account : { ...account, entries };
}

const accountsOf = ({ day }: Budget, collection: string): string[] => [dayAccount(day), collectionAccount(collection)];

/** The entries with what the job counts now; the same list where nothing differs. */
function standing(entries: Entry[], { id, job, shots }: JobView): Entry[] {
  const takes = allTakes(shots);
  const { spentUsd, openUsd } = sumOf(takes, job.budget);
  const usdNow = round(spentUsd + openUsd);
  const final = isSettled(takes);
  const before = entries.find(({ jobId }) => jobId === id);
  if (!before || (before.usd === usdNow && before.final === (final || undefined))) return entries;
  const now: Entry = { jobId: id, usd: usdNow, at: new Date().toISOString(), ...(final ? { final } : {}) };
  return entries.map((entry) => (entry === before ? now : entry));
}

/** Takes entries back that no job was written for. */
async function strike(ports: Ports, id: string, jobIds: string[]): Promise<void> {
  if (jobIds.length === 0) return;
  await changeAccount(ports, id, (account) => ({ ...account, entries: account.entries.filter(({ jobId }) => !jobIds.includes(jobId)) }));
}

/**
 * Replaces the reservation of a job whose takes have ended by what they cost. What may have been billed still counts in full; once the
 * provider's word is there, calling it again corrects that. Before the job's end is written, so that a crash in between does it again.
 */
export async function reconcile(ports: Ports, view: JobView): Promise<void> {
  const { budget, storyboard } = view.job;
  if (!budget) return;
  for (const id of accountsOf(budget, storyboard.collection)) {
    await changeAccount(ports, id, (account) => {
      const entries = standing(account.entries, view);
      return entries === account.entries ? account : { ...account, entries };
    });
  }
}

/**
 * Asked before every paid start: BUDGET where the job was not approved to cost that much. Where its entry is not in the ledger (a call that stood
 * still before it wrote its job), it is entered again, or refused.
 */
export async function coverStart(ports: Ports, jobId: string, takeId: string): Promise<void> {
  const record = await ports.records.get(JOB, jobId);
  const job = record && readJob(record);
  if (!job?.budget) throw new AppError('BUDGET', 'Its job was not approved to cost anything; nothing was sent.');
  const { budget } = job;
  const { collection } = job.storyboard;
  const takes = await ports.records.getMany(TAKE, takeIdsOf(job));
  const others = sumOf(takes.filter(({ id }) => id !== takeId).map(readTake), budget);
  const estimate = takes.filter(({ id }) => id === takeId).reduce((sum, take) => sum + (budget.shotsUsd[readTake(take).index] ?? 0), 0);
  if (round(others.spentUsd + others.openUsd + estimate) > budget.reservedUsd) {
    throw new AppError('BUDGET', `It would cost more than the ${usd(budget.reservedUsd)} that its job was approved for; nothing was sent.`);
  }
  const entered = await Promise.all(accountsOf(budget, collection).map((id) => readAccount(ports, id)));
  if (entered.every(({ entries }) => entries.some((entry) => entry.jobId === jobId))) return;
  const short = await reserve(ports, { collection, day: budget.day }, [{ jobId, usd: budget.reservedUsd }]);
  if (short) throw new AppError('BUDGET', `Its reservation had lapsed, and ${short.name} ${usd(short.ceilingUsd)} is used up; nothing was sent.`);
}

/** Sets what a collection may spend on paid video in all, from its first job on. */
export function setCollectionCeiling(ports: Ports, collection: string, ceilingUsd: number): Promise<void> {
  return changeAccount(ports, collectionAccount(collection), (account) => (account.ceilingUsd === ceilingUsd ? account : { ...account, ceilingUsd }));
}

/** What a collection has spent on paid video and has reserved for jobs under way; `undefined` where it has neither spent nor a ceiling. */
export async function collectionSpending(ports: Ports, collection: string): Promise<{ usedUsd: number; reservedUsd: number; ceilingUsd?: number } | undefined> {
  const account = await readAccount(ports, collectionAccount(collection));
  const used = usedUsd(account);
  if (used === 0 && account.ceilingUsd === undefined) return undefined;
  const reservedUsd = round(account.entries.reduce((sum, entry) => sum + (entry.final ? 0 : entry.usd), 0));
  return { usedUsd: used, reservedUsd, ...(account.ceilingUsd === undefined ? {} : { ceilingUsd: account.ceilingUsd }) };
}
