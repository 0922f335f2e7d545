import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { CollectionState } from '../library/collections.ts';
import { CollectionName } from './common-input.ts';
import { defineTool, type ToolContext } from './define.ts';
import { isOver, jobData, requireJob } from './job-list.ts';

/** A small collection is deleted or re-embedded within a call; a longer job goes on behind it. */
const WAIT_MS = 5000;
const LOOK_MS = 100;

/** Also `spending`, one sentence, where it paid for videos or has a ceiling. */
const output = z.looseObject({
  images: z.number().optional(),
  videos: z.number().optional(),
  requireApproval: z.boolean().optional(),
  embedderId: z.string().optional(),
  dimensions: z.number().optional(),
  /** One sentence each: short in the tool list, and what an agent needs. */
  generations: z.array(z.string()).optional(),
  jobId: z.string().optional(),
  advice: z.string(),
});

export const manageCollection = defineTool({
  name: 'manage_collection',
  title: 'Manage collection',
  description: 'Shows a collection, changes its settings, re-embeds (reindex) or deletes it.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    collection: CollectionName,
    requireApproval: z.boolean().optional(),
    maxCostUsd: z.number().min(0).optional().describe('For all its paid videos'),
    embedder: z.string().optional().describe('Only while empty'),
    reindex: z.string().optional().describe('Another embedder'),
    delete: z.boolean().optional(),
    confirm: z.string().optional().describe('Name, to delete'),
  }),
  output,
  async handler({ collection, requireApproval, maxCostUsd, embedder, reindex, delete: remove, confirm }, context) {
    const { assets, film, ports } = context.studio;
    if (remove) {
      refuseMixed(collection, confirm, [requireApproval, maxCostUsd, embedder, reindex]);
      const { jobId } = await assets.deleteCollection(ports, collection);
      return afterJob(context, collection, jobId);
    }
    if ([requireApproval, maxCostUsd, embedder].some((value) => value !== undefined)) {
      await assets.configureCollection(ports, collection, { requireApproval, embedder });
    }
    if (maxCostUsd !== undefined) await film.setCollectionCeiling(ports, collection, maxCostUsd);
    if (reindex !== undefined) {
      const { jobId } = await assets.reindex(ports, { collection, embedder: reindex });
      return afterJob(context, collection, jobId);
    }
    const state = await assets.describeCollection(ports, collection);
    const advice = `search_images {collection: "${collection}"} searches it.`;
    const spending = spendingText(await film.collectionSpending(ports, collection));
    const text = [collectionText(state), ...(spending ? [spending] : []), advice].join('\n');
    return { data: { ...settingsOf(state), ...(spending ? { spending } : {}), advice }, text };
  },
});

function refuseMixed(collection: string, confirm: string | undefined, others: unknown[]): void {
  if (others.some((value) => value !== undefined)) {
    throw new AppError('INVALID_INPUT', 'delete goes with no other change.', { hint: 'Give collection, delete and confirm only.' });
  }
  if (confirm === collection) return;
  throw new AppError('INVALID_INPUT', `confirm is not the name of the collection "${collection}"; nothing was deleted.`, {
    hint: `This deletes all its assets. To do it: manage_collection {collection: "${collection}", delete: true, confirm: "${collection}"}.`,
  });
}

/** Waits a moment for the job's end, so that a small one needs no second call. */
async function afterJob({ studio, signal }: ToolContext, collection: string, jobId: string) {
  const until = Date.now() + WAIT_MS;
  studio.libraryRunner.kick();
  let job = await requireJob(studio, jobId);
  while (!isOver(job) && Date.now() < until && !signal.aborted) {
    await sleep(LOOK_MS);
    job = await requireJob(studio, jobId);
  }
  const { type, state, message } = jobData(studio, job);
  const what = `The ${type} job ${jobId}: ${state}.${message ? ` ${message}` : ''}`;
  const advice = isOver(job) ? what : `${what} Follow it with get_job {jobId: "${jobId}", waitSeconds: 45}.`;
  const there = await studio.ports.catalog.collection(collection);
  const after = there && (await studio.assets.describeCollection(studio.ports, collection));
  return { data: { ...(after ? settingsOf(after) : {}), jobId, advice }, text: [advice, ...(after ? [collectionText(after)] : [])].join('\n') };
}

function settingsOf({ images, videos, requireApproval, embedderId, dimensions, generations }: CollectionState) {
  const described = generations.map((each) => `${each.embedderId} (${each.dimensions} dimensions): ${each.state} since ${each.since}`);
  return { images, videos, requireApproval, embedderId, dimensions, generations: described };
}

function spendingText(spent: { usedUsd: number; reservedUsd: number; ceilingUsd?: number } | undefined): string | undefined {
  if (!spent) return undefined;
  const { usedUsd, reservedUsd, ceilingUsd } = spent;
  const under = reservedUsd > 0 ? `, ${reservedUsd} USD of them reserved for jobs under way` : '';
  return `Paid videos: ${usedUsd} ${ceilingUsd === undefined ? 'USD, no ceiling' : `of at most ${ceilingUsd} USD`}${under}.`;
}

function collectionText(state: CollectionState): string {
  const { images, videos, requireApproval, embedderId, dimensions, generations } = settingsOf(state);
  return [
    `Collection "${state.name}": ${images} images, ${videos} videos, made ${state.createdAt}.`,
    `Approval required: ${requireApproval ? 'yes' : 'no'}. Searched with ${embedderId}${dimensions === 0 ? '; no vectors yet' : ''}.`,
    ...generations.map((each) => `  vectors of ${each}`),
  ].join('\n');
}
