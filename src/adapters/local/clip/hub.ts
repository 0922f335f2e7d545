import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import { megabytes } from './model.ts';

/** Time limits in seconds; tests shorten them. */
export interface HubLimits {
  /** From the request to the headers of the file, redirects included. */
  answerSeconds: number;
  /** Between two pieces of a file. */
  stallSeconds: number;
}

const LIMITS: HubLimits = { answerSeconds: 12, stallSeconds: 12 };

/** huggingface.co redirects once, to the host that stores large files; mirrors may add one. */
const MAX_REDIRECTS = 4;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A file of a model on the hub. */
export interface HubFile {
  /** `owner/name`. */
  repository: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Path in the repository. */
  name: string;
}

export interface HubAnswer {
  byteLength: number;
  /** Commit that the file was taken from, where the hub says so. */
  commit?: string;
}

export interface FetchOptions {
  maxBytes: number;
  signal: AbortSignal;
  /** Bytes so far, and all of them where known. */
  onProgress(receivedBytes: number, totalBytes: number | undefined): void;
}

/**
 * A hub of models with the address scheme of huggingface.co (`BASE/OWNER/NAME/resolve/REVISION/PATH`, and its headers `x-repo-commit`,
 * `x-linked-size`, `x-linked-etag`, as huggingface_hub reads them).
 */
export interface Hub {
  /**
   * Downloads one file to `target`: written under another name, its size and, where the hub names it, its SHA-256 checked, then renamed.
   * `undefined` where the hub has no such file. UNAVAILABLE where it does not answer in time, stops in the middle or sends another size;
   * MISCONFIGURED where it refuses; UNSUPPORTED over `maxBytes`; CANCELLED by the signal.
   */
  fetch(file: HubFile, target: string, options: FetchOptions): Promise<HubAnswer | undefined>;
}

/** The hub at a base address. */
export function createHub(base: string, limits: Partial<HubLimits> = {}): Hub {
  const within = { ...LIMITS, ...limits };
  const host = new URL(base).host;
  return {
    async fetch(file, target, options) {
      const timer = new Deadline(options.signal);
      try {
        timer.restart(within.answerSeconds);
        const answer = await request(base, file, timer.signal);
        return answer && (await receive(answer, target, options, timer, within.stallSeconds));
      } catch (error) {
        if (options.signal.aborted) throw new AppError('CANCELLED', 'The download was cancelled.', { cause: error });
        if (error instanceof AppError) throw error;
        const overdue = timer.passed === undefined ? '' : ` for ${timer.passed} s`;
        throw unavailable(
          overdue ? `The model hub ${host} did not answer${overdue}.` : `The model hub ${host} cannot be reached, or broke the connection off.`,
          error,
        );
      } finally {
        timer.stop();
      }
    },
  };
}

function unavailable(message: string, cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', message, {
    hint: 'Try again later; or set VRAG_MODEL_HUB to a mirror, or VRAG_EMBEDDER to a folder with the model, or to vision (docs/models.md).',
    cause,
  });
}

/** Aborts when the caller does, or when the time since the last `restart` is over. */
class Deadline {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  /** The limit that was passed, in seconds. */
  passed: number | undefined;

  constructor(caller: AbortSignal) {
    this.signal = AbortSignal.any([caller, this.#controller.signal]);
  }

  restart(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.passed = seconds;
      this.#controller.abort();
    }, seconds * 1000);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}

interface Answer {
  response: Response;
  commit?: string;
  byteLength?: number;
  sha256?: string;
}

/** Follows redirects by hand: the first answer has the hub's own headers, and no hop may leave https. */
async function request(base: string, file: HubFile, signal: AbortSignal): Promise<Answer | undefined> {
  const name = file.name.split('/').map(encodeURIComponent).join('/');
  let url = new URL(`${base.replace(/\/+$/, '')}/${file.repository}/resolve/${encodeURIComponent(file.revision)}/${name}`);
  let about: Omit<Answer, 'response'> = {};
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { 'accept-encoding': 'identity', 'user-agent': 'vrag-mcp' } });
    about = { ...linked(response.headers), ...about };
    const location = response.headers.get('location');
    if (!REDIRECTS.has(response.status) || !location) return checked(response, file, about);
    await response.body?.cancel();
    url = nextUrl(location, url);
  }
  throw unavailable(`The model hub redirects more than ${MAX_REDIRECTS} times.`);
}

function nextUrl(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (next && (next.protocol === 'https:' || (next.protocol === from.protocol && next.host === from.host))) return next;
  throw unavailable('The model hub redirects to an address that is not https.');
}

function linked(headers: Headers): Omit<Answer, 'response'> {
  const commit = headers.get('x-repo-commit') ?? '';
  const size = Number(headers.get('x-linked-size') ?? Number.NaN);
  const sha256 = (headers.get('x-linked-etag') ?? '').replaceAll('"', '').toLowerCase();
  return {
    ...(/^[0-9a-f]{40}$/.test(commit) ? { commit } : {}),
    ...(Number.isSafeInteger(size) ? { byteLength: size } : {}),
    ...(/^[0-9a-f]{64}$/.test(sha256) ? { sha256 } : {}),
  };
}

async function checked(response: Response, file: HubFile, about: Omit<Answer, 'response'>): Promise<Answer | undefined> {
  const { status } = response;
  if (status === 200) {
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const plain = !response.headers.get('content-encoding');
    return { response, ...(plain && Number.isSafeInteger(length) ? { byteLength: length } : {}), ...about };
  }
  await response.body?.cancel();
  if (status === 404) return undefined;
  if (status === 401 || status === 403) {
    throw new AppError('MISCONFIGURED', `The model hub refuses "${file.repository}" (status ${status}): there is no such model, or it needs a login.`, {
      hint: 'Check the id in VRAG_EMBEDDER; or download the model yourself and set VRAG_EMBEDDER to its folder (docs/models.md).',
    });
  }
  throw unavailable(`The model hub answered with status ${status}.`);
}

async function receive(answer: Answer, target: string, options: FetchOptions, timer: Deadline, stallSeconds: number): Promise<HubAnswer> {
  const name = path.basename(target);
  if ((answer.byteLength ?? 0) > options.maxBytes) throw tooLarge(name, answer.byteLength ?? 0, options.maxBytes);
  await mkdir(path.dirname(target), { recursive: true });
  const part = `${target}.${process.pid}-${randomBytes(4).toString('hex')}.part`;
  try {
    const got = await write(answer, part, name, options, () => timer.restart(stallSeconds));
    if (got.byteLength !== (answer.byteLength ?? got.byteLength))
      throw unavailable(`The model hub sent ${got.byteLength} of the ${answer.byteLength} bytes of ${name}.`);
    if (answer.sha256 !== undefined && answer.sha256 !== got.sha256)
      throw unavailable(`The model hub sent ${name} with other contents than it names (SHA-256).`);
    await putInPlace(part, target, got.byteLength);
    return { byteLength: got.byteLength, ...(answer.commit ? { commit: answer.commit } : {}) };
  } finally {
    await rm(part, { force: true });
  }
}

async function write(answer: Answer, part: string, name: string, options: FetchOptions, onPiece: () => void): Promise<{ byteLength: number; sha256: string }> {
  const hash = createHash('sha256');
  let byteLength = 0;
  const file = await open(part, 'wx');
  try {
    onPiece();
    for await (const piece of answer.response.body ?? []) {
      onPiece();
      byteLength += piece.length;
      if (byteLength > options.maxBytes) throw tooLarge(name, byteLength, options.maxBytes);
      hash.update(piece);
      await file.writeFile(piece);
      options.onProgress(byteLength, answer.byteLength);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { byteLength, sha256: hash.digest('hex') };
}

function tooLarge(name: string, byteLength: number, maxBytes: number): AppError {
  return new AppError('UNSUPPORTED', `${name} has at least ${megabytes(byteLength)}; at most ${megabytes(maxBytes)} are loaded.`, {
    hint: 'Choose a smaller model, or its quantised files (docs/models.md).',
  });
}

/** Another process may have put the same file there, and on Windows it may be open. */
async function putInPlace(part: string, target: string, byteLength: number): Promise<void> {
  await rename(part, target).catch(async (error) => {
    const there = await stat(target).catch(() => undefined);
    if (there?.size !== byteLength) throw error;
  });
}
