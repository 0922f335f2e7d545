import { brokenFile, type Clip, planesFilter } from './clip.ts';

/** The frames that all clips are brought to. */
export interface FrameShape {
  width: number;
  height: number;
  fps: number;
}

/** One clip of a splice: how many frames of the common rate it has. */
export interface SplicedClip {
  open(): Promise<Clip>;
  frames: number;
}

/**
 * Decodes the clips one after the other, brings every frame to the shape and writes it. Each clip gives exactly its `frames`: where a time has none
 * of its own the one before it stays. With `overlap` the last frames of a clip dissolve into the first of the next.
 */
export async function spliceClips(clips: SplicedClip[], shape: FrameShape, overlap: number, write: (planes: Uint8Array) => Promise<void>): Promise<void> {
  let tail: Uint8Array[] = [];
  for (const [at, { open, frames }] of clips.entries()) {
    const into = tail;
    tail = [];
    const leaves = at < clips.length - 1 ? frames - overlap : frames;
    const clip = await open();
    try {
      let index = 0;
      for await (const planes of framesOf(clip, shape, frames)) {
        const shown = index < into.length ? blend(into[index], planes, (index + 1) / (into.length + 1)) : planes;
        if (index >= leaves) tail.push(Uint8Array.from(shown));
        else await write(shown);
        index++;
      }
      if (index === 0) throw brokenFile('has no picture that can be decoded');
    } finally {
      clip.close();
    }
  }
}

/** Exactly `count` frames at the shape's rate: at each time the last frame that starts at or before it. A frame is valid until the next is asked for. */
async function* framesOf(clip: Clip, shape: FrameShape, count: number): AsyncGenerator<Uint8Array> {
  const { tickSeconds, startTicks, fps } = clip.header;
  const pass = { filter: planesFilter(clip.header, shape), frameBytes: (shape.width * shape.height * 3) / 2, byIndex: false };
  // Containers round times to their ticks (Matroska to milliseconds).
  const late = 0.25 / shape.fps;
  let before: Uint8Array | undefined;
  let origin = startTicks;
  let given = 0;
  let decoded = 0;
  for await (const { position, data } of clip.decode(pass)) {
    origin ??= position;
    const seconds = position === undefined || origin === undefined ? decoded / (fps || shape.fps) : (position - origin) * tickSeconds;
    decoded++;
    for (; before && given < count && given / shape.fps < seconds - late; given++) yield before;
    if (given >= count) return;
    before = Uint8Array.from(data);
  }
  for (; before && given < count; given++) yield before;
}

/** (1 - share) of `from` and share of `to`, in place of `from`; mixing Y'CbCr mixes R'G'B' just so, both being linear in each other. */
function blend(from: Uint8Array, to: Uint8Array, share: number): Uint8Array {
  const weight = Math.round(share * 256);
  for (let i = 0; i < from.length; i++) from[i] += ((to[i] - from[i]) * weight + 128) >> 8;
  return from;
}
