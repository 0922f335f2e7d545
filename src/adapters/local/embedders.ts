import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import type { Embedder, EmbedderOptions, Embedders } from '../../ports.ts';
import { createClipEmbedder } from './clip/embedder.ts';
import { createHub } from './clip/hub.ts';
import { type FoundModel, Models } from './clip/models.ts';
import { readModelName, readPinned } from './clip/names.ts';
import { contains, readableFolders } from './files-folders.ts';

/** An embedder that comes with the package, under the name by which it is configured. */
export interface PackagedEmbedder {
  name: string;
  embedder: Embedder;
}

interface Opened {
  embedder: Embedder;
  close(): void;
}

/**
 * The embedders of a configuration: the packaged ones, and CLIP-family models in folders or of the hub, which are downloaded into `models/`
 * of the data folder. Every id ever given out is recorded there, so a collection keeps its embedder when the configuration changes.
 */
export function openEmbedders(config: Config, packaged: PackagedEmbedder[]): Embedders & { close(): void } {
  const models = new Models({
    modelsDir: path.join(config.homeDir, 'models'),
    hub: config.downloads ? createHub(config.modelHub) : undefined,
    allowFolder: (folder) => allowFolder(folder, config),
  });
  const opened = new Map<string, Opened>();
  const open = (found: FoundModel): Embedder => {
    const known = opened.get(found.id) ?? createClipEmbedder(found, { runtime: config.onnxRuntime });
    opened.set(found.id, known);
    return known.embedder;
  };
  const get = async (idOrName: string, options: EmbedderOptions = {}): Promise<Embedder> => {
    const own = packaged.find(({ name, embedder }) => idOrName === name || idOrName === embedder.id);
    if (own) return own.embedder;
    const known = opened.get(idOrName);
    if (known) return known.embedder;
    if (readPinned(idOrName)) return open(await models.byId(idOrName, options));
    return open(await models.byName(idOrName, options));
  };
  return {
    get,
    fallback: (options) => get(config.embedder, options),
    close() {
      models.close();
      for (const { close } of opened.values()) close();
    },
  };
}

/** The configured folder, and those below folders that may be read anyway: an agent may name one for `reindex`. */
async function allowFolder(folder: string, config: Config): Promise<void> {
  if (folder === configuredFolder(config)) return;
  const machine = { platform: process.platform, home: homedir() };
  const allowed = await readableFolders(config, machine);
  const real = await realpath(folder).catch(() => folder);
  if (allowed.some((one) => contains(one, real, machine))) return;
  throw new AppError('FORBIDDEN', 'The model folder is not one that may be read.', {
    hint: 'Set VRAG_EMBEDDER to it, or add its folder to VRAG_ALLOWED_DIRS.',
  });
}

function configuredFolder({ embedder }: Config): string | undefined {
  try {
    const name = readModelName(embedder);
    return 'folder' in name ? name.folder : undefined;
  } catch {
    return undefined;
  }
}
