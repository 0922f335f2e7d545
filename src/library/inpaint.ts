import { AppError } from '../errors.ts';
import type { CredentialsNote } from '../film/credentials.ts';
import type { Asset, CallOptions, FileBytes, Inpainter, InpaintMode, Ports, RawImage } from '../ports.ts';
import { type InpaintTask, type MaskDraft, prepareInpaint } from './inpaint-task.ts';
import { drawMaskOver, drawStrip } from './mask-picture.ts';
import { keepRepair } from './repaired.ts';
import { cleanOptional } from './text.ts';

export interface InpaintDraft extends MaskDraft {
  imageId: string;
  mode: InpaintMode;
  prompt?: string | undefined;
  negativePrompt?: string | undefined;
  /** Results, with the seeds `seed`, `seed` + 1 and so on; 1 to 4. */
  count: number;
  seed: number;
  name?: string | undefined;
  /** Ceiling of a paid in-painter for all results together; it refuses without. */
  maxCostUsd?: number | undefined;
}

export interface InpaintResultAsset {
  asset: Asset;
  seed: number;
  /** Absent where the same repair was made before files were signed. */
  credentials?: CredentialsNote;
}

export interface InpaintOutcome {
  task: InpaintTask;
  results: InpaintResultAsset[];
  algorithm: string;
  seconds: number;
  costUsd: number;
  notes: string[];
  /** Before, mask and results in a row: a JPEG. */
  strip: FileBytes;
}

type Options = CallOptions & { onProgress?: (fraction: number) => void };

/**
 * Repairs, extends or changes a part of an image: `count` new PNG assets in the same collection, with their lineage. Errors as `prepareInpaint`;
 * UNSUPPORTED where the mode or a prompt needs a generative in-painter and none is configured, BUDGET where it would cost more than `maxCostUsd`.
 */
export async function inpaintAsset(ports: Ports, draft: InpaintDraft, options: Options): Promise<InpaintOutcome> {
  const started = Date.now();
  const inpainter = chooseInpainter(ports, draft);
  const searches = draft.mode === 'replace' && inpainter.searches === true;
  const task = await prepareInpaint(ports, draft.imageId, draft.mode, draft, { ...options, searches });
  checkBudget(inpainter, task, draft);
  const { image, mask, avoid, search } = task;
  const results: InpaintResultAsset[] = [];
  const cells = [
    { image: task.original, label: 'before' },
    ...(search === undefined ? [{ image: await drawMaskOver(ports, image, mask), label: 'mask' }] : []),
  ];
  const made = { algorithms: new Set<string>(), notes: new Set<string>(), costUsd: 0, changedShare: 0 };
  for (let index = 0; index < draft.count; index++) {
    const seed = (draft.seed + index) % 2 ** 31;
    const prompts = { prompt: cleanOptional(draft.prompt, 2000), negativePrompt: cleanOptional(draft.negativePrompt, 2000) };
    const onProgress = (fraction: number) => options.onProgress?.((index + fraction) / draft.count);
    const request = { image, mask, mode: task.mode, seed, ...prompts, ...(avoid ? { avoid } : {}), ...(search === undefined ? {} : { search }) };
    const result = await inpainter.inpaint(request, { ...options, onProgress });
    const repair = { ...result, generative: inpainter.generative, seed, name: draft.name, prompt: prompts.prompt };
    const changedShare = search === undefined ? task.changedShare : differentShare(image, result.image);
    made.changedShare = Math.max(made.changedShare, changedShare);
    results.push({ ...(await keepRepair(ports, { ...task, changedShare }, repair)), seed });
    cells.push({ image: result.image, label: draft.count > 1 ? `seed ${seed}` : 'after' });
    made.algorithms.add(result.algorithm);
    for (const note of result.notes ?? []) made.notes.add(note);
    made.costUsd += result.costUsd ?? 0;
  }
  const strip = await drawStrip(ports, cells);
  const { costUsd, changedShare } = made;
  return {
    task: { ...task, changedShare },
    results,
    algorithm: [...made.algorithms].join('; '),
    seconds: (Date.now() - started) / 1000,
    costUsd,
    notes: [...made.notes],
    strip,
  };
}

/** Share 0..1 of the pixels that are not what they were. */
function differentShare({ width, height, data }: RawImage, after: RawImage): number {
  let count = 0;
  for (let at = 0; at < data.length; at += 3) {
    if (data[at] !== after.data[at] || data[at + 1] !== after.data[at + 1] || data[at + 2] !== after.data[at + 2]) count++;
  }
  return count / (width * height);
}

/** The mask over the picture, as a JPEG, with nothing changed. Errors as `prepareInpaint`. */
export async function previewMask(ports: Ports, draft: InpaintDraft, options: CallOptions): Promise<{ task: InpaintTask; picture: FileBytes }> {
  const task = await prepareInpaint(ports, draft.imageId, draft.mode, draft, options);
  return { task, picture: await drawStrip(ports, [{ image: await drawMaskOver(ports, task.image, task.mask), label: 'mask' }]) };
}

/** A prompt needs a generative in-painter; without one the local in-painter does what needs none. */
function chooseInpainter({ inpainter, generativeInpainter }: Ports, { mode, prompt, negativePrompt }: InpaintDraft): Inpainter {
  const wantsPrompt = mode === 'replace' || prompt !== undefined || negativePrompt !== undefined;
  const chosen = wantsPrompt ? generativeInpainter : inpainter.modes.includes(mode) ? inpainter : generativeInpainter;
  if (!chosen?.modes.includes(mode)) {
    throw new AppError('UNSUPPORTED', `${mode === 'replace' ? 'Mode replace' : 'A prompt'} needs a generative in-painter, and none that can is configured.`, {
      hint: 'Here modes remove and extend work without a prompt: they copy texture from the surroundings.',
    });
  }
  if (mode !== 'replace' || prompt !== undefined) return chosen;
  throw new AppError('INVALID_INPUT', 'Mode replace needs a prompt.', { hint: 'Say what is to be under the mask.' });
}

function checkBudget(inpainter: Inpainter, { mode, image }: InpaintTask, { count, maxCostUsd }: InpaintDraft): void {
  const costUsd = (inpainter.estimate?.({ mode, width: image.width, height: image.height }).costUsd ?? 0) * count;
  if (costUsd === 0 || (maxCostUsd !== undefined && costUsd <= maxCostUsd)) return;
  const ceiling = maxCostUsd === undefined ? 'no ceiling was given' : `the ceiling is $${maxCostUsd.toFixed(2)}`;
  throw new AppError('BUDGET', `This costs $${costUsd.toFixed(2)}, and ${ceiling}.`, {
    hint: `Give maxCostUsd ${costUsd.toFixed(2)} or more, or a smaller count.`,
  });
}
