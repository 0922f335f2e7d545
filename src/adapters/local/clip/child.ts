import { readFileSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../../errors.ts';
import { type CallContext, serve } from '../child/serve.ts';
import { type OpenSession, openModel, type Tensor } from '../vision/runtime.ts';
import type { Preprocessing } from './preprocessing.ts';
import type { ImagesRequest, TextsRequest, Tower, VectorsResult } from './protocol.ts';
import { openTokeniser, type Tokens } from './tokens.ts';

/** A child serves one tower of one model. */
let session: Promise<OpenSession> | undefined;
let tokeniser: ((text: string) => Tokens) | undefined;

function loaded(tower: Tower): Promise<OpenSession> {
  session ??= refusable('cannot be loaded', async () => openModel(readModel(tower), tower)).catch((error) => {
    session = undefined;
    throw error;
  });
  return session;
}

function readModel({ modelPath, state }: Tower): Uint8Array {
  const { size, mtimeMs } = statSync(modelPath);
  if (size === state.bytes && mtimeMs === state.modifiedMs) return readFileSync(modelPath);
  throw new AppError('MISCONFIGURED', 'The files of the embedding model were changed while it was in use.', {
    hint: 'Restart the server, or put the files back.',
  });
}

/** The runtime's own text stays on stderr: it may quote the file. */
async function refusable<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    console.error(`[clip] the model ${what}:`, cause);
    throw new AppError('MISCONFIGURED', `The embedding model ${what} (its files may be broken, or too large for the memory of this runtime).`, { cause });
  }
}

/** Planes R, G, B. */
function planes(rgb: Uint8Array, { scale, shift }: Preprocessing): Float32Array {
  const pixels = rgb.length / 3;
  const data = new Float32Array(rgb.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < pixels; i++) data[channel * pixels + i] = rgb[3 * i + channel] * scale[channel] + shift[channel];
  }
  return data;
}

async function embed(tower: Tower, feedsOf: ((open: OpenSession) => Record<string, Tensor>)[], { signal }: CallContext): Promise<VectorsResult> {
  const open = await loaded(tower);
  const vectors: VectorsResult = [];
  for (const feeds of feedsOf) {
    await setImmediate();
    signal.throwIfAborted();
    vectors.push(
      await refusable('fails on its input', async () => Float32Array.from((await open.session.run(feeds(open), [tower.output]))[tower.output].data)),
    );
  }
  return vectors;
}

const integers = (values: number[]): BigInt64Array => BigInt64Array.from(values, BigInt);

serve({
  images({ tower, preprocessing, images }: ImagesRequest, context) {
    const dims = [1, 3, preprocessing.height, preprocessing.width];
    const feeds = images.map((rgb) => ({ tensor }: OpenSession) => ({ pixel_values: tensor(planes(rgb, preprocessing), dims) }));
    return embed(tower, feeds, context);
  },
  async texts({ tower, folder, rules, texts }: TextsRequest, context) {
    tokeniser ??= await refusable('has a tokeniser that cannot be read', async () => openTokeniser(folder, rules));
    const read = tokeniser;
    const feeds = texts.map((text) => ({ tensor }: OpenSession) => {
      const { ids, mask } = read(text);
      const dims = [1, ids.length];
      return { input_ids: tensor(integers(ids), dims), ...(rules.wantsMask ? { attention_mask: tensor(integers(mask), dims) } : {}) };
    });
    return embed(tower, feeds, context);
  },
});
