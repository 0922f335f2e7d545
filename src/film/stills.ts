import type { FileBytes, Ports, RawImage } from '../ports.ts';

/** What is shown of a video without playing it. */
export interface Stills {
  /** JPEG of the first clear frame, full size. */
  poster: FileBytes;
  /** Animated WebP of the whole video in few frames. */
  preview: FileBytes;
}

/** The preview: 320 px wide or high, up to 6 frames a second and 40 in all, at most 400 kB; a long video passes in 10 s. */
const PREVIEW = { maxSide: 320, framesPerSecond: 6, frames: 40, seconds: 10, maxBytes: 400_000 };
/** Share of the video that is looked through for the poster, in so many frames. */
const POSTER = { share: 0.5, looks: 12, side: 64, maxSide: 1920, quality: 88 };
/** Standard deviation of brightness (0..1) from which a frame shows something: a black or fogged one has less than .02. */
const CLEAR_FROM = 0.06;

/** Poster and preview of a finished video. Errors as `Media.frames`. */
export async function drawStills(ports: Ports, path: string, durationSeconds: number): Promise<Stills> {
  const atSeconds = await firstClear(ports, path, durationSeconds);
  const [picture] = await ports.media.frames(path, [atSeconds], { maxSide: POSTER.maxSide });
  const poster = await ports.images.encode(picture, { format: 'jpeg', quality: POSTER.quality });
  const count = Math.max(2, Math.min(PREVIEW.frames, Math.round(durationSeconds * PREVIEW.framesPerSecond)));
  const times = Array.from({ length: count }, (_, index) => (durationSeconds * index) / count);
  const frames = await ports.media.frames(path, times, { maxSide: PREVIEW.maxSide });
  const frameSeconds = Math.min(durationSeconds, PREVIEW.seconds) / count;
  return { poster, preview: await ports.images.animate(frames, { frameSeconds, maxBytes: PREVIEW.maxBytes }) };
}

/** The time of the first frame that is clear, else of the clearest one: a video may begin in black. */
async function firstClear(ports: Ports, path: string, durationSeconds: number): Promise<number> {
  const times = Array.from({ length: POSTER.looks }, (_, index) => (durationSeconds * POSTER.share * index) / POSTER.looks);
  const contrasts = (await ports.media.frames(path, times, { maxSide: POSTER.side })).map(contrast);
  const first = contrasts.findIndex((value) => value >= CLEAR_FROM);
  return times[first >= 0 ? first : contrasts.indexOf(Math.max(...contrasts))];
}

/** Standard deviation of the green channel, 0..1: close to that of brightness. */
function contrast({ data, channels }: RawImage): number {
  const count = data.length / channels;
  let sum = 0;
  let squares = 0;
  for (let at = channels >> 1; at < data.length; at += channels) {
    sum += data[at];
    squares += data[at] ** 2;
  }
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2)) / 255;
}
