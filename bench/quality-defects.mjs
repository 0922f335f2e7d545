// What is done to good clips: changes that must still pass, and defects. Each takes { frames, fps } and gives { frames, fps, atSeconds?, ... };
// `atSeconds`: when the defect begins, where it does not last through the whole clip.
import { croppedBy5Percent, digest, halfSize } from './quality-bases.mjs';
import { blurred, filled, GREY_MATRIX, hueMatrix, likeFrame, mapped, mixed, recoloured, sampled } from './quality-pixels.mjs';
import { cartoon, oilPainting } from './quality-styles.mjs';

const each = (frames, of) => Promise.all(frames.map(of));

/** Black bars above and below, a tenth of the height each. */
function letterboxed(frame) {
  const bar = Math.round(frame.height / 10) * frame.width * 3;
  const data = Uint8Array.from(frame.data);
  data.fill(0, 0, bar);
  data.fill(0, data.length - bar);
  return likeFrame(frame, data);
}

export const BENIGN = {
  crf35: async (clip) => ({ ...clip, crf: 35 }),
  halfSize: async (clip) => ({ ...clip, frames: await each(clip.frames, halfSize) }),
  crop5: async (clip) => ({ ...clip, frames: await each(clip.frames, croppedBy5Percent) }),
  gamma9: async (clip) => ({ ...clip, frames: clip.frames.map((frame) => mapped(frame, (value) => 255 * (value / 255) ** 0.9)) }),
  letterbox: async (clip) => ({ ...clip, frames: clip.frames.map(letterboxed) }),
};

const coloured = (matrix) => async (clip) => ({ ...clip, frames: clip.frames.map((frame) => recoloured(frame, matrix)) });
const gain = (frame, factor) => mapped(frame, (value) => value * factor);
const alternating = (amount) => async (clip) => ({ ...clip, frames: clip.frames.map((frame, i) => gain(frame, i % 2 ? 1 - amount : 1 + amount)) });

/** Turns pixels about the middle, more the nearer they are; `amount` 0..1. */
function swirled(frame, amount) {
  const [cx, cy, reach] = [frame.width / 2, frame.height / 2, 0.6 * Math.max(frame.width, frame.height)];
  return sampled(frame, frame.width, frame.height, (x, y) => {
    const [dx, dy] = [x - cx, y - cy];
    const r = Math.hypot(dx, dy);
    if (r >= reach) return [x, y];
    const angle = 2.6 * amount * (1 - r / reach) ** 2;
    return [cx + dx * Math.cos(angle) - dy * Math.sin(angle), cy + dx * Math.sin(angle) + dy * Math.cos(angle)];
  });
}

const laterHalf = (i, count) => Math.max(0, (i - count / 2) / (count / 2 - 1));

/** `other`: frames of another clip, as large. */
export const DEFECTS = {
  hue30: (clip, { seed }) => coloured(hueMatrix(seed % 2 ? 30 : -30))(clip),
  hue120: (clip, { seed }) => coloured(hueMatrix(seed % 2 ? 120 : -120))(clip),
  saturation0: coloured(GREY_MATRIX),
  restyled: async (clip, { seed }) => ({ ...clip, frames: await each(clip.frames, seed % 2 ? cartoon : oilPainting) }),
  driftFade: async (clip, { other }) => ({
    ...clip,
    frames: clip.frames.map((frame, i) => mixed(frame, other[i % other.length], laterHalf(i, clip.frames.length))),
    atSeconds: clip.frames.length / 2 / clip.fps,
  }),
  driftMorph: async (clip) => ({
    ...clip,
    frames: clip.frames.map((frame, i) => swirled(frame, laterHalf(i, clip.frames.length))),
    atSeconds: clip.frames.length / 2 / clip.fps,
  }),
  freezeAll: async (clip) => ({ ...clip, frames: clip.frames.map(() => clip.frames[0]), atSeconds: 0 }),
  freezeHalf: async (clip) => {
    const from = clip.frames.length >> 1;
    return { ...clip, frames: clip.frames.map((frame, i) => (i < from ? frame : clip.frames[from])), atSeconds: from / clip.fps };
  },
  flicker2: alternating(0.02),
  flicker5: alternating(0.05),
  flicker10: alternating(0.1),
  burst: async (clip, { seed }) => {
    const [from, count] = [placeIn(clip, seed), Math.max(1, Math.round(0.2 * clip.fps))];
    const blank = filled(clip.frames[0], seed % 2 ? 255 : 0);
    return { ...clip, frames: clip.frames.map((frame, i) => (i >= from && i < from + count ? blank : frame)), atSeconds: from / clip.fps };
  },
  insertedCut: async (clip, { other, seed }) => {
    const [from, count] = [placeIn(clip, seed), Math.max(2, Math.round(0.5 * clip.fps))];
    return {
      ...clip,
      frames: clip.frames.map((frame, i) => (i >= from && i < from + count ? other[(i - from) % other.length] : frame)),
      atSeconds: from / clip.fps,
    };
  },
  blur2: async (clip) => ({ ...clip, frames: await each(clip.frames, (frame) => blurred(frame, 2)) }),
  blur4: async (clip) => ({ ...clip, frames: await each(clip.frames, (frame) => blurred(frame, 4)) }),
};

/** A frame between 30 and 60 % of the clip. */
const placeIn = (clip, seed) => Math.round(clip.frames.length * (0.3 + (0.3 * (digest(`place ${seed}`)[0] % 8)) / 7));
