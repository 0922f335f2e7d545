import { availableParallelism } from 'node:os';
import { AppError } from '../../../errors.ts';
import type { CallOptions, RawImage } from '../../../ports.ts';
import { ChildHost } from '../child/host.ts';
import { thumbnail } from '../thumbnail.ts';
import { oklab } from './oklab.ts';
import { PassCache } from './pass-cache.ts';
import type { LoadedModel, ModelSource, RunRequest, RunResult } from './protocol.ts';
import { centreView, VIEW_SIDE, type View, wholeView } from './views.ts';

/** What the centre view gives. */
export interface CentrePass {
  /** 384 values, unit length. */
  embedding: Float32Array;
  logits: Float32Array;
}

/** What the whole picture, squashed to a square, gives. */
export interface WholePass {
  logits: Float32Array;
  /** 112 x 14 x 14. */
  cells: Float32Array;
  /** 7 x 7 logits: how strongly each cell speaks for what the whole picture is taken for (`ownActivation`). */
  subject: Float32Array;
}

/** A message of four views takes 0.2 s, loading 0.1 to 4 s on a busy machine; after this the child hangs. */
const TIMEOUT_SECONDS = 60;

/** Kept warm between an agent's calls: loading again costs up to seconds, resting takes 130 MB (native) or 100 MB (WebAssembly), as measured. */
const IDLE_SECONDS = 300;

/** Calls that one picture makes. */
const VIEWS = 2;

/** A pass has one thread, so pictures that are added together have the cores through so many processes. */
const MOST_CHILDREN = Math.min(4, availableParallelism());

/** The model in its child processes, and what was already taken from each picture. */
export class Passes {
  readonly #source: ModelSource;
  readonly #lanes = Array.from({ length: MOST_CHILDREN }, () => new Lane());
  readonly #centre = new PassCache<CentrePass>((images, options) => this.#centrePasses(images, options));
  readonly #whole = new PassCache<WholePass>((images, options) => this.#wholePasses(images, options));
  readonly #colours = new PassCache<Float32Array>((images) => Promise.all(images.map(async (image) => oklab(await thumbnail(image)))));

  constructor(source: ModelSource) {
    this.#source = source;
  }

  close(): void {
    for (const lane of this.#lanes) lane.host.close();
  }

  load(options: CallOptions): Promise<LoadedModel> {
    return this.#call<LoadedModel>('load', this.#source, options);
  }

  centre(images: RawImage[], options: CallOptions): Promise<CentrePass[]> {
    return this.#centre.get(images, options);
  }

  whole(images: RawImage[], options: CallOptions): Promise<WholePass[]> {
    return this.#whole.get(images, options);
  }

  /** The whole picture, squashed to 64 x 64, in OKLab; no model is needed. */
  colours(images: RawImage[], options: CallOptions): Promise<Float32Array[]> {
    return this.#colours.get(images, options);
  }

  /** One map of `height / 32` rows of `width / 32` values 0..1: where the weighted classes are. */
  async evidence(view: View, weights: Float32Array, options: CallOptions): Promise<Float32Array> {
    const [result] = await this.#run({ width: view.width, height: view.height, images: [view.data], outputs: [], evidence: weights }, options);
    return required(result.evidence);
  }

  async #centrePasses(images: RawImage[], options: CallOptions): Promise<CentrePass[]> {
    const views = await Promise.all(images.map(centreView));
    const results = await this.#square(views, { outputs: ['image_embeds', 'logits'] }, options);
    return results.map(({ outputs }) => ({ embedding: required(outputs.image_embeds), logits: required(outputs.logits) }));
  }

  async #wholePasses(images: RawImage[], options: CallOptions): Promise<WholePass[]> {
    const views = await Promise.all(images.map((image) => wholeView(image)));
    const results = await this.#square(views, { outputs: ['logits', 'cells'], evidence: 'own' }, options);
    return results.map(({ outputs, evidence }) => ({ logits: required(outputs.logits), cells: required(outputs.cells), subject: required(evidence) }));
  }

  #square(views: View[], wanted: Pick<RunRequest, 'outputs' | 'evidence'>, options: CallOptions): Promise<RunResult[]> {
    return this.#run({ width: VIEW_SIDE, height: VIEW_SIDE, images: views.map((view) => view.data), ...wanted }, options);
  }

  #run(request: Omit<RunRequest, 'model'>, options: CallOptions): Promise<RunResult[]> {
    return this.#call<RunResult[]>('run', { model: this.#source, ...request }, options);
  }

  /** In the first child with less to do than both views of a picture; so a picture alone starts one. */
  #call<T>(method: string, params: unknown, { signal }: CallOptions): Promise<T> {
    const least = () => this.#lanes.reduce((one, other) => (other.waiting < one.waiting ? other : one));
    const lane = this.#lanes.find(({ waiting }) => waiting < VIEWS) ?? least();
    return lane.inTurn(() => lane.host.call<T>(method, params, { signal, timeoutSeconds: TIMEOUT_SECONDS }));
  }
}

/** A child process, one call at a time, so that its time limit counts its own work only. */
class Lane {
  readonly host = new ChildHost(new URL('./child.js', import.meta.url), { name: 'vision', idleSeconds: IDLE_SECONDS });
  waiting = 0;
  #turn: Promise<unknown> = Promise.resolve();

  inTurn<T>(call: () => Promise<T>): Promise<T> {
    this.waiting++;
    const mine = this.#turn.then(call).finally(() => {
      this.waiting--;
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new AppError('INTERNAL', 'The vision model gave no such output.');
  return value;
}
