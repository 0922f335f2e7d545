import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { EmbedderProgress } from '../../../ports.ts';
import type { Hub, HubAnswer } from './hub.ts';
import { LARGEST_TOWER_BYTES, megabytes, modelFiles, OPTIONAL_FILES, type Weights } from './model.ts';

/** Seconds between two lines on stderr. */
const REPORT_SECONDS = 5;

/** A file that was not written to for so long is nobody's. */
const LEFTOVER_SECONDS = 3600;

/** Which model of the hub. */
export interface HubModel {
  repository: string;
  revision: string;
  weights: Weights;
}

/** One download of a model; several callers may wait for it. */
export interface Installation {
  /** The folder below the folder of models, and the commit where the hub names it. Rejects as `Hub.fetch`, and MISCONFIGURED for a missing file. */
  done: Promise<{ folder: string; commit?: string }>;
  /** Where it stands; `undefined` before the first byte. */
  progress(): EmbedderProgress | undefined;
  onProgress(listener: (progress: EmbedderProgress) => void): () => void;
}

/**
 * Downloads the files of a model that are not there yet into `models/OWNER--NAME/COMMIT` (or the revision, where the hub names no commit).
 * Each file is complete or absent, so what a killed download has finished is kept; the same model may be downloaded by two processes.
 */
export function install(hub: Hub, model: HubModel, modelsDir: string, signal: AbortSignal): Installation {
  const listeners = new Set<(progress: EmbedderProgress) => void>();
  let latest: EmbedderProgress | undefined;
  const say = throttled(REPORT_SECONDS, (text) => console.error(`[models] ${text}`));
  const report = (progress: EmbedderProgress) => {
    latest = progress;
    say(progress.text);
    for (const listener of listeners) listener(progress);
  };
  return {
    done: download(hub, model, modelsDir, signal, report),
    progress: () => latest,
    onProgress(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

async function download(hub: Hub, model: HubModel, modelsDir: string, signal: AbortSignal, report: (progress: EmbedderProgress) => void) {
  const base = model.repository.replace('/', '--');
  const [first, ...rest] = modelFiles(model.weights);
  let received = 0;
  const fetchOne = async (name: string, revision: string, target: string): Promise<HubAnswer> => {
    const onProgress = (bytes: number, total: number | undefined) =>
      report({
        receivedBytes: received + bytes,
        text: `downloading ${model.repository}: ${path.basename(name)}, ${megabytes(bytes)}${total ? ` of ${megabytes(total)}` : ''}`,
      });
    const file = { repository: model.repository, revision, name };
    const answer = await hub.fetch(file, target, { maxBytes: LARGEST_TOWER_BYTES, signal, onProgress });
    received += answer?.byteLength ?? 0;
    if (!answer && !OPTIONAL_FILES.includes(name)) throw missing(model, name);
    return answer ?? { byteLength: 0 };
  };
  // The first file tells the commit, so that the rest is of the same one whatever happens to the branch meanwhile.
  const probe = path.join(modelsDir, base, `${randomBytes(4).toString('hex')}.${first}`);
  const { commit } = await fetchOne(first, model.revision, probe);
  const folder = path.join(base, commit ?? safe(model.revision));
  await mkdir(path.join(modelsDir, folder), { recursive: true });
  await rename(probe, path.join(modelsDir, folder, first));
  for (const name of rest) {
    const target = path.join(modelsDir, folder, name);
    if (!(await stat(target).catch(() => undefined))?.isFile()) await fetchOne(name, commit ?? model.revision, target);
  }
  await sweep(path.join(modelsDir, folder));
  return { folder, ...(commit ? { commit } : {}) };
}

/** What a killed download left half-written; younger ones may belong to another process. */
async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names.filter((one) => one.endsWith('.part'))) {
    const entry = await stat(path.join(folder, name)).catch(() => undefined);
    if (entry && Date.now() - entry.mtimeMs > LEFTOVER_SECONDS * 1000) await rm(path.join(folder, name), { force: true });
  }
}

const safe = (revision: string): string => revision.replace(/[^\w.-]/g, '_');

function missing(model: HubModel, name: string): AppError {
  const other = model.weights === 'q8' ? ' Full weights are taken with ":fp32" after the id.' : '';
  return new AppError('MISCONFIGURED', `The model hub has no file ${name} for "${model.repository}" at ${model.revision}.`, {
    hint: `Choose a model with ONNX files in the layout of transformers.js (docs/models.md).${name.endsWith('.onnx') ? other : ''}`,
  });
}

function throttled(seconds: number, write: (text: string) => void): (text: string) => void {
  let last = performance.now();
  return (text) => {
    if (performance.now() - last < seconds * 1000) return;
    last = performance.now();
    write(text);
  };
}
