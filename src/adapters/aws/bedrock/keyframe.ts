import { readFile } from 'node:fs/promises';
import { AppError } from '../../../errors.ts';
import type { Box, ShotReference } from '../../../ports.ts';
import { base64, type Pictures } from './pictures.ts';

export interface FrameFormat {
  width: number;
  height: number;
  format: 'jpeg' | 'png';
}

/** A reference as a model gets it: exactly the size, opaque, 8 bit RGB, never stretched. */
export interface Keyframe {
  data: string;
  mediaType: string;
  /** What of the reference is not as it was, where it is worth saying. */
  notes: string[];
}

/** Filling the frame may cost this much of the subject at most; else the whole picture is shown between bars. */
const MOST_OF_SUBJECT_LOST = 0.25;
const JPEG_QUALITY = 95;

/** Cuts a reference to the frame around its subject, or sets the whole of it between black bars where that would cut the subject off. */
export async function makeKeyframe(pictures: Pictures, { path, subject, assetId, role }: ShotReference, frame: FrameFormat): Promise<Keyframe> {
  const { width, height, format } = frame;
  const image = await pictures.decode(await readReference(path, assetId), { maxSide: 2 * Math.max(width, height) });
  const whole = subject !== undefined && subjectLost(image, frame, subject) > MOST_OF_SUBJECT_LOST;
  const fitted = await pictures.resize(image, { width, height, fit: whole ? 'contain' : 'cover', ...(subject ? { focus: subject } : {}) });
  const { bytes, mediaType } = await pictures.encode(fitted, { format, quality: JPEG_QUALITY });
  const notes = whole
    ? [`The ${role} ${assetId} has another shape than the video: all of it is shown, between black bars, so that its subject stays whole.`]
    : [];
  return { data: base64(bytes), mediaType, notes };
}

async function readReference(path: string, assetId: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new AppError('NOT_FOUND', `The file of reference "${assetId}" cannot be read.`, { cause });
  }
}

/** Share of the subject's box outside the part of the picture that fills the frame, when that part is as near to the subject as the borders allow. */
export function subjectLost(image: { width: number; height: number }, frame: { width: number; height: number }, subject: Box): number {
  const wanted = frame.width / frame.height / (image.width / image.height);
  const kept = { width: Math.min(1, wanted), height: Math.min(1, 1 / wanted) };
  const inside = (size: number, share: number): number => (size === 0 ? 1 : Math.min(1, share / size));
  return 1 - inside(subject.width, kept.width) * inside(subject.height, kept.height);
}
