import { rename } from 'node:fs/promises';
import { AppError } from '../../../errors.ts';
import type { JoinedVideo } from '../../../ports/pictures.ts';
import type { ClipLimits, Codec, CodecChoice } from './backend.ts';
import { type ClipHeader, uprightSize } from './clip.ts';
import { checkedTags, openEncoder } from './encoder.ts';
import { describe, openChecked } from './reading.ts';
import { type FrameShape, type SplicedClip, spliceClips } from './splice.ts';

/** Joins clips into `partialPath` and renames it to `path`. INVALID_INPUT names the first clip that differs and in what. */
export async function joinClips(
  codec: Codec,
  job: { paths: string[]; path: string; partialPath: string; metadata: Record<string, string> },
  limits: ClipLimits,
): Promise<void> {
  const headers = await readHeaders(codec, job.paths, limits);
  headers.forEach((header, index) => {
    checkSame(headers[0], header, index);
  });
  const clips = headers.map(({ durationSeconds, hasAudio }, index) => ({ path: job.paths[index], durationSeconds, hasAudio }));
  await codec.concat(clips, job.partialPath, checkedTags(job.metadata), limits);
  await rename(job.partialPath, job.path);
}

async function readHeaders(codec: Codec, paths: string[], limits: ClipLimits): Promise<ClipHeader[]> {
  const headers: ClipHeader[] = [];
  for (const path of paths) {
    const clip = await openChecked(codec, path, limits);
    clip.close();
    headers.push(clip.header);
  }
  return headers;
}

export interface SpliceJob extends FrameShape {
  paths: string[];
  path: string;
  partialPath: string;
  metadata: Record<string, string>;
  /** 0: cuts. */
  dissolveSeconds: number;
}

/** See `Media.join`. `onPartial` gets the name of an unfinished file before anything is written to it. */
export async function joinOrSplice(
  codec: Codec,
  choice: CodecChoice,
  job: SpliceJob,
  limits: ClipLimits,
  onPartial: (path: string) => Promise<void>,
): Promise<Pick<JoinedVideo, 'startsSeconds' | 'copied'>> {
  const headers = await readHeaders(codec, job.paths, limits);
  if (job.dissolveSeconds === 0 && areAlike(headers, job)) {
    await joinClips(codec, job, limits);
    return { startsSeconds: starts(headers.map(({ durationSeconds }) => durationSeconds)), copied: true };
  }
  const { path, width, height, fps, metadata } = job;
  const clips: SplicedClip[] = [];
  for (const file of job.paths) {
    const open = () => openChecked(codec, file, limits);
    const clip = await open();
    const { durationSeconds } = await describe(clip).finally(() => clip.close());
    clips.push({ open, frames: Math.max(1, Math.round(durationSeconds * fps)) });
  }
  const overlap = Math.min(Math.round(job.dissolveSeconds * fps), ...clips.map(({ frames }) => frames >> 1));
  const encoder = await openEncoder({ path, width, height, fps, metadata }, choice);
  try {
    await onPartial(encoder.partialPath);
    await spliceClips(clips, job, overlap, (planes) => encoder.write(planes));
    await encoder.finish();
  } finally {
    await encoder.abort();
  }
  return { startsSeconds: starts(clips.map(({ frames }) => (frames - overlap) / fps)), copied: false };
}

const starts = (lengths: number[]): number[] => lengths.map((_, index) => lengths.slice(0, index).reduce((sum, length) => sum + length, 0));

/** True where copying the streams gives the same picture all through, in the shape that was asked for. */
function areAlike(headers: ClipHeader[], { width, height, fps }: FrameShape): boolean {
  const [first] = headers;
  const size = uprightSize(first);
  if (first.codec !== 'h264' || size.width !== width || size.height !== height || Math.abs(first.fps - fps) > 0.01) return false;
  return headers.every((header) => JSON.stringify(essence(header)) === JSON.stringify(essence(first)));
}

const essence = ({ join, colourMatrix, fullRange, displayMatrix, pixelAspect }: ClipHeader) => [join, colourMatrix, fullRange, displayMatrix, pixelAspect];

const FIELD_NAMES: Record<keyof ClipHeader['join'], string> = {
  codec: 'codec and profile',
  size: 'size',
  pixels: 'pixel format',
  rate: 'frame rate',
  audio: 'sound',
};

function checkSame(first: ClipHeader, other: ClipHeader, index: number): void {
  for (const field of Object.keys(FIELD_NAMES) as (keyof ClipHeader['join'])[]) {
    if (first.join[field] === other.join[field]) continue;
    throw new AppError(
      'INVALID_INPUT',
      `Clip ${index + 1} differs from clip 1 in ${FIELD_NAMES[field]}: ${other.join[field]} instead of ${first.join[field]}.`,
      {
        hint: 'Joining copies the stream, so all clips need the same codec, size, pixel format, frame rate and sound. Encode them alike first.',
      },
    );
  }
}
