import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { Ports } from '../ports.ts';
import { alternatives } from './alternatives.ts';
import { availableUsd, budgetOf, capped, type Limit, limitsOf, reserve } from './budget.ts';
import { type Budget, round, usd } from './cost.ts';
import type { Job } from './jobs.ts';
import { keptShots } from './kept-shots.ts';
import { dayOf } from './ledger.ts';
import type { Storyboard } from './storyboard.ts';

/** What a request would cost, and whether the ceilings allow it. US dollars. */
export interface CostPreview {
  /** The most that it may cost, with every take that its shots may need. */
  estimateUsd: number;
  /** What is left under the tightest ceiling before it; absent: there is none. */
  remainingUsd?: number;
  allowed: boolean;
  /** Why it would be refused, and what would pass. */
  refusal?: string;
}

/**
 * Reserves what jobs may cost, before they are written: BUDGET, with the estimate, the ceiling and what would pass, where any does not allow it,
 * and for a paid provider without any ceiling at all. Free jobs pass. A second time it changes nothing.
 */
export async function approve(ports: Ports, jobs: { jobId: string; job: Job }[], maxCostUsd: number | undefined): Promise<void> {
  const paid = jobs.flatMap(({ jobId, job: { budget, storyboard } }) => (budget && budget.reservedUsd > 0 ? [{ jobId, budget, storyboard }] : []));
  if (paid.length === 0) return;
  const [{ budget, storyboard }] = paid;
  const limits = await limitsOf(ports, { collection: storyboard.collection, maxCostUsd });
  const storyboards = paid.map((one) => one.storyboard);
  const costs = paid.map((one) => one.budget.reservedUsd);
  // What the accounts allow is known only as it is entered: a call that died may have entered these very jobs.
  const ofCall = limits.filter(({ name }) => name === 'maxCostUsd' || name === 'VRAG_MAX_USD_PER_JOB');
  const short =
    limits.length === 0
      ? 'none'
      : (tightest(ofCall, costs) ??
        (await reserve(
          ports,
          { collection: storyboard.collection, day: budget.day },
          paid.map((one) => ({ jobId: one.jobId, usd: one.budget.reservedUsd })),
        )));
  if (short) throw refusal(ports, { storyboards, costs, limits, short, maxCostUsd });
}

/** What storyboards of one collection and provider would cost, and what the ceilings say to that; nothing is reserved. */
export async function previewCost(ports: Ports, storyboards: Storyboard[], maxCostUsd: number | undefined): Promise<CostPreview> {
  const budgets: Budget[] = [];
  for (const storyboard of storyboards) {
    const taken = (await keptShots(ports, storyboard)).map(({ index }) => index);
    const budget = budgetOf(ports, storyboard, taken);
    if (budget) budgets.push(budget);
  }
  const costs = capped(budgets, { ...ports.ceilings, maxCostUsd }).map(({ reservedUsd }) => reservedUsd);
  const estimateUsd = round(costs.reduce((sum, cost) => sum + cost, 0));
  if (estimateUsd === 0) return { estimateUsd, allowed: true };
  const limits = await limitsOf(ports, { collection: storyboards[0].collection, maxCostUsd });
  const short = limits.length === 0 ? 'none' : tightest(limits, costs);
  const left = limits.length === 0 ? {} : { remainingUsd: Math.min(...limits.map(availableUsd)) };
  if (!short) return { estimateUsd, ...left, allowed: true };
  const { message, hint } = refusal(ports, { storyboards, costs, limits, short, maxCostUsd });
  return { estimateUsd, ...left, allowed: false, refusal: `${message} ${hint}` };
}

/** Of the ceilings that do not allow these costs the one that leaves least. */
function tightest(limits: Limit[], costs: number[]): Limit | undefined {
  const broken = limits.filter((limit) => !keeps(limit, costs));
  return broken.sort((a, b) => availableUsd(a) - availableUsd(b))[0];
}

function keeps(limit: Limit, costs: number[]): boolean {
  const cost = limit.name === 'VRAG_MAX_USD_PER_JOB' ? Math.max(0, ...costs) : costs.reduce((sum, one) => sum + one, 0);
  return round(cost) <= availableUsd(limit);
}

interface Refused {
  storyboards: Storyboard[];
  costs: number[];
  limits: Limit[];
  short: Limit | 'none';
  maxCostUsd: number | undefined;
}

function refusal(ports: Ports, { storyboards, costs, limits, short, maxCostUsd }: Refused): AppError {
  const [{ provider, collection }] = storyboards;
  const total = usd(costs.reduce((sum, cost) => sum + cost, 0));
  const estimate = `${storyboards.length > 1 ? `These ${storyboards.length} videos` : 'This video'} may cost ${total} with provider "${provider}"`;
  // Without any ceiling only what is free passes.
  const all: Limit[] = short === 'none' ? [{ name: 'maxCostUsd', ceilingUsd: 0, usedUsd: 0 }] : [...limits.filter(({ name }) => name !== short.name), short];
  const passing = alternatives(ports, storyboards, (changed) => {
    const budgets = changed.flatMap((board) => budgetOf(ports, board) ?? []);
    const each = capped(budgets, { ...ports.ceilings, maxCostUsd }).map(({ reservedUsd }) => reservedUsd);
    return all.every((limit) => keeps(limit, each)) ? each.reduce((sum, cost) => sum + cost, 0) : undefined;
  });
  const would = passing.length > 0 ? `What would pass: ${passing.join('; ')}.` : 'Nothing cheaper that is configured would pass.';
  if (short === 'none') {
    return new AppError('BUDGET', `${estimate}, and no ceiling is set; nothing was started.`, {
      hint: `Call again with maxCostUsd (at least ${total}), or set VRAG_MAX_USD_PER_DAY or VRAG_MAX_USD_PER_JOB. ${would}`,
    });
  }
  return new AppError('BUDGET', `${estimate}, but ${ceilingText(short, collection)}; nothing was started.`, {
    hint: `${would} ${raiseText(short, collection, total)}`,
  });
}

function ceilingText(limit: Limit, collection: string): string {
  const left = `leaves ${usd(availableUsd(limit))} of ${usd(limit.ceilingUsd)} (${usd(limit.usedUsd)} spent or reserved`;
  switch (limit.name) {
    case 'maxCostUsd':
      return `maxCostUsd is ${usd(limit.ceilingUsd)}`;
    case 'VRAG_MAX_USD_PER_JOB':
      return `VRAG_MAX_USD_PER_JOB allows ${usd(limit.ceilingUsd)} for a job`;
    case 'VRAG_MAX_USD_PER_DAY':
      return `VRAG_MAX_USD_PER_DAY ${left} on ${dayOf(new Date())}, UTC)`;
    default:
      return `the ceiling of collection "${cleanText(collection, 64)}" ${left})`;
  }
}

function raiseText({ name }: Limit, collection: string, total: string): string {
  switch (name) {
    case 'maxCostUsd':
      return `Or, if the user agrees to ${total}, raise maxCostUsd.`;
    case 'collection':
      return `Or, if the user agrees, raise it with manage_collection {collection: "${collection}", maxCostUsd}.`;
    case 'VRAG_MAX_USD_PER_DAY':
      return 'Or wait for the next day (UTC), or for jobs under way to end: they may cost less than was reserved.';
    default:
      return 'Only the operator of the server can raise it.';
  }
}
