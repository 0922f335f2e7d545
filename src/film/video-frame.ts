import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { conceptProbability } from '../library/coverage.ts';
import { framesOf } from '../library/look.ts';
import { KNOWN_WEIGHT } from '../library/question.ts';
import type { Asset, Ports } from '../ports.ts';

/** A frame of a video as a still picture. */
export interface StoredFrame {
  atSeconds: number;
  sha256: string;
  /** Empty where it was not stored. */
  objectKey: string;
  /** What stands out in the frame. */
  subject?: NonNullable<Asset['subject']>;
}

/** Longer side of a frame: no provider makes more than 4K. */
const MAX_SIDE = 3840;

/**
 * The frame of a video at a time as a PNG, stored with `keep`. INVALID_INPUT where the video ends before, NOT_FOUND where its file is gone;
 * else as `Media.frames`.
 */
export async function videoFrame(ports: Ports, video: Asset, atSeconds: number, { keep }: { keep: boolean }): Promise<StoredFrame> {
  const length = video.durationSeconds ?? 0;
  if (atSeconds > length) {
    throw new AppError('INVALID_INPUT', `atSeconds ${atSeconds} is after the end of video "${video.id}".`, { hint: `It is ${length.toFixed(2)} s long.` });
  }
  const path = await ports.objects.localPath(video.objectKey);
  if (!path) throw new AppError('NOT_FOUND', `The file of "${video.id}" is no longer in the store.`, { hint: 'Ingest the video again.' });
  const [frame] = await ports.media.frames(path, [atSeconds], { maxSide: MAX_SIDE });
  const { bytes, mediaType } = await ports.images.encode(frame, { format: 'png' });
  const subject = await ports.recogniser.subject(frame);
  const stored = keep ? await ports.objects.put(bytes, mediaType) : { sha256: createHash('sha256').update(bytes).digest('hex'), key: '' };
  return { atSeconds: Math.round(atSeconds * 1000) / 1000, sha256: stored.sha256, objectKey: stored.key, ...(subject ? { subject } : {}) };
}

/** The moment of a video at which what the query names is seen best, among the frames it is searched by; its middle where the model knows no word of it. */
export async function momentOf(ports: Ports, video: Asset, query: string): Promise<number> {
  const middle = (video.durationSeconds ?? 0) / 2;
  const { concepts } = await ports.recogniser.understand(query);
  const known = concepts.filter(({ weight }) => weight >= KNOWN_WEIGHT);
  if (known.length === 0) return middle;
  const { frames, times = [] } = await framesOf(ports, video);
  const seen = await ports.recogniser.recognise(frames);
  const scores = seen.map((one) => known.reduce((sum, concept) => sum + conceptProbability({ ...video, seen: one }, concept), 0));
  const best = Math.max(...scores);
  return best > 0 ? (times[scores.indexOf(best)] ?? middle) : middle;
}
