import { rename } from 'node:fs/promises';
import { AppError } from '../../../errors.ts';
import type { ClipLimits, Codec } from './backend.ts';
import type { ClipHeader } from './clip.ts';
import { checkedTags } from './encoder.ts';
import { openChecked } from './reading.ts';

/** Joins clips into `partialPath` and renames it to `path`. INVALID_INPUT names the first clip that differs and in what. */
export async function joinClips(
  codec: Codec,
  job: { paths: string[]; path: string; partialPath: string; metadata: Record<string, string> },
  limits: ClipLimits,
): Promise<void> {
  const headers: ClipHeader[] = [];
  for (const path of job.paths) {
    const clip = await openChecked(codec, path, limits);
    clip.close();
    headers.push(clip.header);
  }
  headers.forEach((header, index) => {
    checkSame(headers[0], header, index);
  });
  const clips = headers.map(({ durationSeconds, hasAudio }, index) => ({ path: job.paths[index], durationSeconds, hasAudio }));
  await codec.concat(clips, job.partialPath, checkedTags(job.metadata), limits);
  await rename(job.partialPath, job.path);
}

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
