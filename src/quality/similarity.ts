import type { Embedder } from '../ports/vision.ts';
import type { Similarity } from './report.ts';
import { mean, quantile } from './statistics.ts';

/** Cosine of two unit vectors. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** One named slice of an embedder's vectors, made unit length again; `undefined` where the embedder does not name it. */
export function blockOf(embedder: Pick<Embedder, 'blocks'>, name: string): ((vector: Float32Array) => Float32Array) | undefined {
  const slice = embedder.blocks?.[name];
  return slice && ((vector) => unit(vector.subarray(slice[0], slice[1])));
}

/** Of unit length; zeros as they are. */
export function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(cosine(vector, vector));
  return length > 0 ? vector.map((value) => value / length) : vector;
}

/** The statistics of a shot's frames, in order of time; at least one frame. */
export function summariseSimilarity(frames: readonly { timeSeconds: number; similarity: number }[]): Omit<Similarity, 'embedderId' | 'block'> {
  const values = frames.map((frame) => frame.similarity);
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const lastQuarter = mean(values.slice(-quarter));
  const worst = frames.reduce((low, frame) => (frame.similarity < low.similarity ? frame : low));
  return {
    frames: values.length,
    firstFrame: values[0],
    mean: mean(values),
    max: Math.max(...values),
    p10: quantile(values, 0.1),
    min: worst.similarity,
    minAtSeconds: worst.timeSeconds,
    lastQuarter,
    drop: mean(values.slice(0, quarter)) - lastQuarter,
    ...fallOf(frames),
  };
}

/** Frames at the end that must be low together, so that one blurred frame is no drift. */
const LAST_FRAMES = 3;
/** Part of the fall by which a frame must have left the best ones for the drift to have begun. */
const BEGUN = 0.1;

/** Which part of the best frames' similarity the last ones have lost, and when that began: after the last frame that is still as good. */
function fallOf(frames: readonly { timeSeconds: number; similarity: number }[]): Pick<Similarity, 'fall' | 'fallFromSeconds'> {
  const values = frames.map((frame) => frame.similarity);
  const best = mean([...values].sort((a, b) => b - a).slice(0, Math.max(1, Math.floor(values.length / 4))));
  const last = mean(values.slice(-LAST_FRAMES));
  let from = values.length - 1;
  while (from > 0 && values[from] < best - BEGUN * (best - last)) from--;
  return { fall: best > 0 ? 1 - last / best : 0, fallFromSeconds: frames[from].timeSeconds };
}
