import { AppError } from '../errors.ts';
import type { AssetVector, CallOptions, ClipFile, Embedder } from '../ports.ts';
import type { Look } from './look.ts';

/**
 * The vectors of an asset by an embedder: one a picture, with its time where they are frames; of a clip also one of the whole, without a time, where the embedder takes
 * clips like it.
 */
export async function assetVectors(
  embedder: Embedder,
  { frames, times, clip }: Pick<Look, 'frames' | 'times' | 'clip'>,
  options: CallOptions,
): Promise<AssetVector[]> {
  const vectors = await embedder.embedImages(frames, options);
  const whole = clip && (await wholeClip(embedder, clip, options));
  return [...vectors.map((vector, index) => ({ vector, ...(times ? { atSeconds: times[index] } : {}) })), ...(whole ? [{ vector: whole }] : [])];
}

/** A clip that the model refuses (its content filters, say) is found by its frames alone: what was paid for must not be lost by it. */
async function wholeClip(embedder: Embedder, clip: ClipFile, options: CallOptions): Promise<Float32Array | undefined> {
  try {
    return await embedder.embedClip?.(clip, options);
  } catch (error) {
    if (!(error instanceof AppError) || (error.code !== 'INVALID_INPUT' && error.code !== 'INVALID_MEDIA')) throw error;
    console.error(`${embedder.id} refused a clip: ${error.message}`);
    return undefined;
  }
}
