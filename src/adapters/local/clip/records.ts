import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { modelFiles, OPTIONAL_FILES, type Weights } from './model.ts';

/** Goes into every id: a change in how pictures or texts are prepared is another embedder. */
const PREPARATION = 'clip.1';

export interface FileState {
  bytes: number;
  modifiedMs: number;
  sha256: string;
}

/** What makes an embedder id mean the same after a restart, on disk beside the downloaded models. */
export interface ModelRecord {
  id: string;
  weights: Weights;
  /** Where its files are: absolute, or below the folder of models where they were downloaded. */
  folder: string;
  /** Where they came from, if downloaded. */
  hub?: { repository: string; revision: string; commit?: string };
  files: Record<string, FileState>;
}

/** Records of known models, one JSON file each; unreadable ones count as absent. */
export class ModelRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(id: string): Promise<ModelRecord | undefined> {
    return readRecord(path.join(this.#folder, fileName(id)));
  }

  async list(): Promise<ModelRecord[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const all = await Promise.all(names.filter((name) => name.endsWith('.json')).map((name) => readRecord(path.join(this.#folder, name))));
    return all.filter((record) => record !== undefined);
  }

  async put(record: ModelRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const target = path.join(this.#folder, fileName(record.id));
    const part = `${target}.${randomBytes(4).toString('hex')}.part`;
    await writeFile(part, `${JSON.stringify(record, null, 2)}\n`);
    await rename(part, target);
  }

  /** The absolute folder of a record's files. */
  folderOf(record: ModelRecord): string {
    return path.resolve(this.#folder, record.folder);
  }
}

const fileName = (id: string): string => `${id.replace(/[^\w.#-]/g, '--')}.json`;

async function readRecord(file: string): Promise<ModelRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(file, 'utf8')) as ModelRecord;
    return typeof record.id === 'string' && typeof record.folder === 'string' && typeof record.files === 'object' ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Size, time and SHA-256 of each file; hashes are taken over from `known` where size and time are the same. A missing file has no entry. */
export async function readStates(folder: string, weights: Weights, known: Record<string, FileState> = {}): Promise<Record<string, FileState>> {
  const states: Record<string, FileState> = {};
  for (const name of modelFiles(weights)) {
    const entry = await stat(path.join(folder, name)).catch(() => undefined);
    if (!entry?.isFile()) continue;
    const before = known[name];
    const same = before?.bytes === entry.size && before.modifiedMs === entry.mtimeMs;
    states[name] = { bytes: entry.size, modifiedMs: entry.mtimeMs, sha256: same ? before.sha256 : await sha256(path.join(folder, name)) };
  }
  return states;
}

/** True where every file that must be there is. */
export const isComplete = (states: Record<string, FileState>, weights: Weights): boolean =>
  modelFiles(weights).every((name) => name in states || OPTIONAL_FILES.includes(name));

/** `NAME#WEIGHTS.HASH`: the hash is over the contents of all files and our own preparation of pictures and texts. */
export function embedderId(name: string, weights: Weights, states: Record<string, FileState>): string {
  const parts = Object.entries(states).map(([file, { sha256 }]) => `${file} ${sha256}`);
  const hash = createHash('sha256')
    .update([PREPARATION, ...parts.sort()].join('\n'))
    .digest('hex');
  return `${name}#${weights}.${hash.slice(0, 16)}`;
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
