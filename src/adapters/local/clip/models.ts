import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { EmbedderOptions } from '../../../ports.ts';
import type { Hub } from './hub.ts';
import { type HubModel, type Installation, install } from './install.ts';
import { type ClipModel, describeModel, REINDEX_HINT, type Weights, weightsIn } from './model.ts';
import { folderName, isRepository, type ModelName, readModelName, readPinned } from './names.ts';
import { embedderId, type FileState, isComplete, type ModelRecord, ModelRecords, readStates } from './records.ts';

/** How long a caller without a place for progress waits for a download, in seconds: a tool has to answer in 20 s. */
const PATIENCE_SECONDS = 14;

export interface FoundModel {
  id: string;
  model: ClipModel;
  /** What the files were when the id was made. */
  files: Record<string, FileState>;
}

export interface ModelsOptions {
  /** Where models are downloaded to and records are kept. */
  modelsDir: string;
  /** `undefined`: downloads are switched off. */
  hub: Hub | undefined;
  /** FORBIDDEN unless models may be read from a folder. */
  allowFolder(folder: string): Promise<void>;
  patienceSeconds?: number;
}

/** CLIP-family models by name or by id: in folders, downloaded before, or on the hub. Loads no weights. */
export class Models {
  readonly #options: ModelsOptions;
  readonly #records: ModelRecords;
  readonly #installing = new Map<string, Installation>();
  readonly #closed = new AbortController();

  constructor(options: ModelsOptions) {
    this.#options = options;
    this.#records = new ModelRecords(options.modelsDir);
  }

  /** Ends downloads. */
  close(): void {
    this.#closed.abort();
  }

  /** The model of a configured name. Errors as `Embedders.get`. */
  async byName(text: string, options: EmbedderOptions): Promise<FoundModel> {
    const name = readModelName(text);
    if ('folder' in name) {
      await this.#options.allowFolder(name.folder);
      return this.#inFolder(name.folder, name);
    }
    const { repository, revision, weights = 'q8' } = name;
    return this.#fromHub({ repository, revision, weights }, options);
  }

  /** The model of an embedder id, wherever it was when the id was made. MISCONFIGURED where that is not there any more or holds other files. */
  async byId(id: string, options: EmbedderOptions): Promise<FoundModel> {
    try {
      const record = await this.#records.get(id);
      const found = record && (await this.#open(record));
      if (found?.id === id) return found;
      const source = hubSource(id, record);
      const fresh = source && (await this.#fromHub(source, options, record?.hub));
      if (fresh?.id === id) return fresh;
      const why = found || fresh ? 'holds other files now' : 'is not there';
      throw new AppError('MISCONFIGURED', `The model of embedder "${id.slice(0, 200)}" ${why}.`, { hint: 'Put its files back.' });
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'CANCELLED') throw error;
      throw new AppError(error.code, error.message, { hint: `${error.hint ?? ''} ${REINDEX_HINT}`.trim(), cause: error });
    }
  }

  async #fromHub(wanted: HubModel, options: EmbedderOptions, as: ModelRecord['hub'] = wanted): Promise<FoundModel> {
    const before = (await this.#records.list()).find((record) => record.hub && sameModel({ ...record.hub, weights: record.weights }, wanted));
    const found = before && (await this.#open(before));
    if (found) return found;
    const { folder, commit } = await this.#installed(wanted, options);
    const model = await describeModel(path.join(this.#options.modelsDir, folder), wanted.weights);
    const { repository, revision } = as;
    return this.#remember(model, repository, { folder, hub: { repository, revision, ...(commit ? { commit } : {}) } });
  }

  async #inFolder(folder: string, { weights }: ModelName): Promise<FoundModel> {
    const model = await describeModel(folder, weights ?? (await weightsIn(folder)));
    return this.#remember(model, folderName(folder), { folder });
  }

  /** `undefined` where files are missing. The id says whether the contents are still those of the record. */
  async #open(record: ModelRecord): Promise<FoundModel | undefined> {
    const folder = this.#records.folderOf(record);
    if (!isComplete(await readStates(folder, record.weights, record.files), record.weights)) return undefined;
    const model = await describeModel(folder, record.weights);
    return this.#remember(model, readPinned(record.id)?.name ?? folderName(folder), record);
  }

  /** Finds out the id, hashing only files that no record knows, and writes the record where it is new. */
  async #remember(model: ClipModel, name: string, place: Pick<ModelRecord, 'folder' | 'hub'>): Promise<FoundModel> {
    const known = (await this.#records.list()).filter(
      (record) => this.#records.folderOf(record) === path.resolve(model.folder) && record.weights === model.weights,
    );
    const files = await readStates(model.folder, model.weights, Object.assign({}, ...known.map((record) => record.files)));
    const id = embedderId(name, model.weights, files);
    const { folder, hub } = place;
    const same = known.some((record) => record.id === id && JSON.stringify(record.files) === JSON.stringify(files));
    if (!same) await this.#records.put({ id, weights: model.weights, folder, ...(hub ? { hub } : {}), files });
    return { id, model, files };
  }

  async #installed(wanted: HubModel, options: EmbedderOptions): Promise<{ folder: string; commit?: string }> {
    const key = `${wanted.repository}@${wanted.revision}:${wanted.weights}`;
    let running = this.#installing.get(key);
    if (!running) {
      const { hub, modelsDir } = this.#options;
      if (!hub) {
        throw new AppError('FORBIDDEN', `The model "${wanted.repository}" is not here, and downloads are switched off (VRAG_DOWNLOADS=off).`, {
          hint: 'Put it into a folder and set VRAG_EMBEDDER to that (docs/models.md).',
        });
      }
      running = install(hub, wanted, modelsDir, this.#closed.signal);
      this.#installing.set(key, running);
      const forget = () => this.#installing.delete(key);
      running.done.then(forget, (error) => {
        forget();
        console.error(`[models] ${key}:`, error instanceof AppError ? error.message : error);
      });
    }
    return this.#wait(running, wanted, options);
  }

  async #wait(running: Installation, wanted: HubModel, { signal, onProgress }: EmbedderOptions): Promise<{ folder: string; commit?: string }> {
    const stop = onProgress ? running.onProgress(onProgress) : () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const impatient = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(new AppError('CANCELLED', 'The call was cancelled; the download goes on.')), { once: true });
      if (signal?.aborted) reject(new AppError('CANCELLED', 'The call was cancelled.'));
      if (onProgress) return;
      timer = setTimeout(() => reject(underway(running, wanted)), (this.#options.patienceSeconds ?? PATIENCE_SECONDS) * 1000);
    });
    try {
      return await Promise.race([running.done, impatient]);
    } finally {
      stop();
      clearTimeout(timer);
    }
  }
}

function underway(running: Installation, { repository }: HubModel): AppError {
  const state = running.progress()?.text ?? `downloading ${repository}: waiting for the hub`;
  return new AppError('UNAVAILABLE', `The embedding model is not here yet: ${state}.`, {
    hint: 'The download goes on in the background. Make the same call again in a minute.',
  });
}

function sameModel(one: HubModel, other: HubModel): boolean {
  return one.repository === other.repository && one.revision === other.revision && one.weights === other.weights;
}

/** Where an id's files can be downloaded again: the recorded commit, else the main branch of the repository that the id names. */
function hubSource(id: string, record: ModelRecord | undefined): HubModel | undefined {
  if (record) return record.hub && { repository: record.hub.repository, revision: record.hub.commit ?? record.hub.revision, weights: record.weights };
  const pinned = readPinned(id);
  return pinned && isRepository(pinned.name) ? { repository: pinned.name, revision: 'main', weights: pinned.weights as Weights } : undefined;
}
