import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { CallOptions, Embedder, RawImage } from '../../../ports.ts';
import { ChildHost, ChildStopped } from '../child/host.ts';
import { PassCache } from '../vision/pass-cache.ts';
import type { RuntimeSource } from '../vision/runtime.ts';
import { REINDEX_HINT, towerFiles } from './model.ts';
import type { FoundModel } from './models.ts';
import { towerView } from './preprocessing.ts';
import type { Tower, VectorsResult } from './protocol.ts';

/** Loading takes up to a minute on a busy machine (fp32, 1 GB), a message of four pictures some seconds; after this the child hangs. */
const TIMEOUT_SECONDS = 240;

/** Kept warm between an agent's calls; resting takes as much memory as the weights, several times over with the WebAssembly runtime. */
const IDLE_SECONDS = 300;

/** Texts per message; other callers get in between. */
const TEXTS_PER_CALL = 16;

/**
 * An embedder of the CLIP family. Each tower runs in a child process of its own, started at its first use: a text query does not wait for
 * pictures that are being embedded, and a server that only searches loads no image tower. Touches no weights before the first call.
 */
export function createClipEmbedder({ id, model, files }: FoundModel, runtime: RuntimeSource): { embedder: Embedder; close(): void } {
  const names = towerFiles(model.weights);
  const tower = (name: string, output: string): Tower => ({ ...runtime, modelPath: path.join(model.folder, name), output, state: files[name] });
  const images = new TowerHost('image', tower(names.image, model.imageOutput), model.dimensions);
  const texts = new TowerHost('text', tower(names.text, model.textOutput), model.dimensions);
  const cache = new PassCache<Float32Array>(async (pictures, options) => {
    const views = await Promise.all(pictures.map((picture) => towerView(picture, model.preprocessing)));
    return images.call('images', { preprocessing: model.preprocessing, images: views }, options);
  });
  const embedder: Embedder = {
    id,
    dimensions: model.dimensions,
    modalities: ['image', 'text'],
    async embedImages(pictures: RawImage[], options: CallOptions = {}) {
      throwIfAborted(options);
      return cache.get(pictures, options);
    },
    async embedTexts(asked: string[], options: CallOptions = {}) {
      throwIfAborted(options);
      const vectors: Float32Array[] = [];
      for (let start = 0; start < asked.length; start += TEXTS_PER_CALL) {
        const some = asked.slice(start, start + TEXTS_PER_CALL);
        vectors.push(...(await texts.call('texts', { folder: model.folder, rules: model.text, texts: some }, options)));
      }
      return vectors;
    },
  };
  return {
    embedder,
    close() {
      images.close();
      texts.close();
    },
  };
}

function throwIfAborted({ signal }: CallOptions): void {
  if (signal?.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
}

/** One tower in its child; one call at a time, so that the time limit of each counts its own work only. */
class TowerHost {
  readonly #host: ChildHost;
  readonly #tower: Tower;
  readonly #dimensions: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(name: string, tower: Tower, dimensions: number) {
    this.#host = new ChildHost(new URL('./child.js', import.meta.url), { name: `${name} model`, idleSeconds: IDLE_SECONDS });
    this.#tower = tower;
    this.#dimensions = dimensions;
  }

  /** Unit vectors. UNAVAILABLE where the child dies, MISCONFIGURED where the model cannot be loaded or gives no such vectors. */
  call(method: 'images' | 'texts', request: object, { signal }: CallOptions): Promise<Float32Array[]> {
    const mine = this.#turn.then(() => this.#host.call<VectorsResult>(method, { tower: this.#tower, ...request }, { signal, timeoutSeconds: TIMEOUT_SECONDS }));
    this.#turn = mine.catch(() => undefined);
    return mine.then((vectors) => vectors.map((vector) => this.#unit(vector))).catch(explained);
  }

  close(): void {
    this.#host.close();
  }

  #unit(vector: Float32Array): Float32Array {
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    if (vector.length === this.#dimensions && Number.isFinite(length) && length > 0) return vector.map((value) => value / length);
    throw new AppError(
      'MISCONFIGURED',
      `The embedding model gives ${vector.length} values${Number.isFinite(length) ? '' : ' that are no numbers'}; ${this.#dimensions} with a length were expected.`,
    );
  }
}

/** Says what to do about a model that does not work. */
function explained(error: unknown): never {
  if (error instanceof AppError && error.code === 'MISCONFIGURED' && !error.hint) {
    throw new AppError('MISCONFIGURED', error.message, { hint: `Check VRAG_EMBEDDER and the model's files (docs/models.md). ${REINDEX_HINT}`, cause: error });
  }
  if (error instanceof ChildStopped && error.reason !== 'cancelled' && error.reason !== 'closed') {
    throw new AppError('UNAVAILABLE', `${error.message} The model may be broken, or too large for this machine's memory.`, {
      hint: `Try again; where it happens again, choose a smaller model (docs/models.md). ${REINDEX_HINT}`,
      cause: error,
    });
  }
  throw error;
}
