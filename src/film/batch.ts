import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { Ports } from '../ports.ts';
import { createOnce } from './citations.ts';
import { createJobs, type JobOptions, type MadeJob } from './job-create.ts';
import { type JobView, readJobView } from './jobs.ts';
import { type ReferenceDraft, type ReferenceFinder, referenceFinder } from './references.ts';
import { planStoryboard, type ShotDraft, type Storyboard, type StoryboardDraft } from './storyboard.ts';
import { type FilledTemplate, fillTemplate, fillTemplates, placeholdersOf, templatesOf, type Variables } from './templates.ts';

/** Templates times variable sets; all else is the same for every prompt. */
export interface BatchDraft extends Omit<StoryboardDraft, 'shots'> {
  templates: string[];
  variables: Variables[];
  /** Its references' queries may hold placeholders too. Without references the value of `<object_prompt>` is the query, where a template has it. */
  shot: Omit<ShotDraft, 'prompt'>;
}

/** A filled template, ready to be a job. */
export interface PlannedPrompt extends FilledTemplate {
  storyboard: Storyboard;
}

/** A batch with its jobs, read at one moment, in the order of the prompts. */
export interface BatchView {
  id: string;
  createdAt: string;
  jobs: JobView[];
}

/** What the states of its jobs make of a batch: `failed` once all have ended and not all succeeded. */
export function batchState({ jobs }: BatchView): 'queued' | 'running' | 'succeeded' | 'failed' {
  const states = new Set(jobs.map(({ state }) => state));
  if (states.has('running') || (states.has('queued') && states.size > 1)) return 'running';
  if (states.has('queued')) return 'queued';
  return states.size === 1 && states.has('succeeded') ? 'succeeded' : 'failed';
}

/** The placeholder that names what a prompt is about, as in AWS's V-RAG sample (prompts.txt, read 2026-11). */
const OBJECT = 'object_prompt';
/** Largest file of templates. */
const MAX_FILE_BYTES = 1_000_000;

/** Characters of a prompt, as in generate_video. */
const MAX_PROMPT = 2000;

const BATCH = 'batch';
const BATCH_REQUEST = 'batch-request';

/** The lines of a text file (UTF-8) without the blank ones. Errors as `Files.resolve` and `Files.read`; INVALID_INPUT where it is no text. */
export async function readTemplates(ports: Ports, path: string): Promise<string[]> {
  const bytes = await ports.files.read(await ports.files.resolve(path, { maxBytes: MAX_FILE_BYTES }));
  try {
    return templatesOf(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AppError('INVALID_INPUT', 'templatesPath is no UTF-8 text file.', { hint: 'Give a text file with one template a line.', cause });
  }
}

/**
 * Fills the templates and plans a storyboard of one shot for each. Objects are retrieved once each; where any cannot be, nothing is planned
 * and the NOT_FOUND lists every one with its candidates. Other errors as `fillTemplates` and `planStoryboard`.
 */
export async function planBatch(ports: Ports, draft: BatchDraft): Promise<PlannedPrompt[]> {
  const { templates, variables, shot, ...rest } = draft;
  const given = templates.map((template) => template.trim()).filter(Boolean);
  const filled = fillTemplates(
    given,
    variables,
    shot.references.flatMap(({ query }) => query ?? []),
  );
  const drafts = filled.map((one) => ({ ...one, prompt: promptOf(one), references: referencesOf(one, draft, given) }));
  const find = referenceFinder(ports, draft.collection, { keepFrames: draft.dryRun !== true });
  await findAll(find, drafts);
  const planned: PlannedPrompt[] = [];
  for (const { prompt, references, ...one } of drafts) {
    planned.push({ ...one, prompt, storyboard: await planStoryboard(ports, { ...rest, shots: [{ ...shot, prompt, references }] }, find) });
  }
  return planned;
}

function promptOf({ prompt, template }: FilledTemplate): string {
  const clean = cleanText(prompt, MAX_PROMPT + 1);
  if (clean !== '' && Array.from(clean).length <= MAX_PROMPT) return clean;
  const what = clean === '' ? 'has no visible character' : `is longer than ${MAX_PROMPT} characters once it is filled`;
  throw new AppError('INVALID_INPUT', `templates[${template}] ${what}.`, { hint: 'Say what happens and how the camera moves.' });
}

function referencesOf({ template, variables }: FilledTemplate, { shot, variables: sets }: BatchDraft, templates: string[]): ReferenceDraft[] {
  const set = variables === undefined ? {} : sets[variables];
  if (shot.references.length === 0) return placeholdersOf(templates[template]).includes(OBJECT) ? [{ query: cleanText(set[OBJECT], 500) }] : [];
  return shot.references.map((reference) => {
    const { query } = reference;
    return query === undefined ? reference : { ...reference, query: fillTemplate(query, set, `variables[${variables ?? 0}]`) };
  });
}

async function findAll(find: ReferenceFinder, drafts: { references: ReferenceDraft[]; variables?: number }[]): Promise<void> {
  const failures = new Map<string, AppError>();
  let queries = 0;
  const seen = new Set<string>();
  for (const { references, variables } of drafts) {
    for (const reference of references) {
      const key = JSON.stringify(reference);
      if (seen.has(key)) continue;
      seen.add(key);
      if (reference.query !== undefined) queries++;
      await find(reference, variables === undefined ? 'all prompts' : `variables[${variables}]`).catch((error: unknown) => {
        if (!(error instanceof AppError) || error.code !== 'NOT_FOUND' || reference.query === undefined) throw error;
        failures.set(reference.query, error);
      });
    }
  }
  if (failures.size === 0) return;
  const shown = [...failures].map(([query, { message, hint }]) => `"${cleanText(query, 100)}": ${message} ${hint ?? ''}`);
  throw new AppError('NOT_FOUND', `${failures.size} of ${queries} objects could not be retrieved, so nothing was started.`, { hint: shown.join('\n') });
}

/**
 * One job for each prompt, as `createJob` makes or finds them, and the batch that lists them. The same batch again is the same batch, also
 * after a crash between two jobs. CONFLICT where the caller's key was used for something else; BUDGET where the whole batch is not allowed.
 */
export async function createBatch(
  ports: Ports,
  prompts: PlannedPrompt[],
  { idempotencyKey, force, maxCostUsd }: JobOptions,
): Promise<{ batchId: string; existing: boolean; jobs: MadeJob[] }> {
  if (idempotencyKey !== undefined) await checkKey(ports, prompts, idempotencyKey);
  const requests = prompts.map(({ storyboard }, index) => ({
    storyboard,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey: `${idempotencyKey}#${index}` }),
  }));
  const jobs = await createJobs(ports, requests, { ...(force ? { force } : {}), maxCostUsd });
  const jobIds = [...new Set(jobs.map(({ jobId }) => jobId))];
  // Job ids are random and found again by their requests: as much of their hash as an id has is as unguessable, and the same each time.
  const batchId = `bat_${hash(jobIds.join()).slice(0, 24)}`;
  const existing = (await ports.records.get(BATCH, batchId)) !== undefined;
  await createOnce(ports, BATCH, batchId, { jobIds });
  return { batchId, existing, jobs };
}

async function checkKey(ports: Ports, prompts: PlannedPrompt[], idempotencyKey: string): Promise<void> {
  const id = hash(`key:${idempotencyKey}`);
  const essence = prompts.map(({ storyboard: { provider, collection, shots } }) => [
    provider,
    collection,
    shots.map(({ references, dropped: _, ...shot }) => [shot, references.map(({ role, sha256 }) => [role, sha256])]),
  ]);
  const bodyHash = hash(JSON.stringify(essence));
  await createOnce(ports, BATCH_REQUEST, id, { bodyHash });
  const before = (await ports.records.get(BATCH_REQUEST, id))?.body as { bodyHash: string } | undefined;
  if (before?.bodyHash === bodyHash) return;
  throw new AppError('CONFLICT', `idempotencyKey "${cleanText(idempotencyKey, 64)}" was used before for a different batch.`, {
    hint: 'Use a new key for a new batch.',
  });
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The batch as it stands, or NOT_FOUND naming recent ones. */
export async function requireBatchView(ports: Ports, id: string): Promise<BatchView> {
  const record = await ports.records.get(BATCH, id);
  if (!record) {
    const recent = (await ports.records.list(BATCH, { limit: 3 })).records.map((one) => one.id);
    throw new AppError('NOT_FOUND', `There is no batch "${cleanText(id, 64)}".`, {
      hint: recent.length > 0 ? `Recent batches: ${recent.join(', ')}.` : 'No batch was started yet: generate_video with templates starts one.',
    });
  }
  const { jobIds } = record.body as { jobIds: string[] };
  const views = await Promise.all(jobIds.map((jobId) => readJobView(ports, jobId)));
  return { id, createdAt: record.createdAt, jobs: views.filter((view) => view !== undefined) };
}
