// The same pictures drawn otherwise: for another style where real ones are too few.
import { hueMatrix, likeFrame, mapped, medianOf, mixed, recoloured } from './quality-pixels.mjs';

const SQUARES = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
];

/** Kuwahara's filter (1976): each pixel takes the mean of the one of four squares around it that varies least, which leaves strokes; colours warmer. */
export function oilPainting(frame) {
  const { width, height, data } = frame;
  const radius = Math.max(3, Math.round(Math.min(width, height) / 60));
  const sums = runningSums(frame);
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let best;
      for (const [i, j] of SQUARES) {
        const [left, top] = [Math.max(0, x - radius + i * radius), Math.max(0, y - radius + j * radius)];
        const square = meanOf(sums, width, left, top, Math.min(width, left + radius + 1), Math.min(height, top + radius + 1));
        if (!best || square.variance < best.variance) best = square;
      }
      out.set(best.colour, (y * width + x) * 3);
    }
  }
  return recoloured(likeFrame(frame, out), hueMatrix(-18));
}

/** Red, green, blue and squares of luma over everything above and to the left. */
function runningSums({ width, height, data }) {
  const sums = new Float64Array((width + 1) * (height + 1) * 4);
  for (let y = 0; y < height; y++) {
    const row = [0, 0, 0, 0];
    for (let x = 0; x < width; x++) {
      const [r, g, b] = data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3);
      const luma = (r + g + b) / 3;
      for (const [c, value] of [r, g, b, luma * luma].entries()) {
        row[c] += value;
        sums[((y + 1) * (width + 1) + x + 1) * 4 + c] = sums[(y * (width + 1) + x + 1) * 4 + c] + row[c];
      }
    }
  }
  return sums;
}

function meanOf(sums, width, left, top, right, bottom) {
  const corner = (x, y) => (y * (width + 1) + x) * 4;
  const [a, b, c, d] = [corner(left, top), corner(right, top), corner(left, bottom), corner(right, bottom)];
  const count = (right - left) * (bottom - top);
  const mean = (channel) => (sums[d + channel] - sums[b + channel] - sums[c + channel] + sums[a + channel]) / count;
  const colour = [mean(0), mean(1), mean(2)];
  return { colour, variance: mean(3) - ((colour[0] + colour[1] + colour[2]) / 3) ** 2 };
}

/** Levels of a channel that a cartoon's areas have. */
const LEVELS = 5;

/** Flat areas of few colours, with dark lines where they meet. */
export async function cartoon(frame) {
  const flat = mapped(await medianOf(frame, 9), (value) => (255 / (LEVELS - 1)) * Math.round((value / 255) * (LEVELS - 1)));
  const { width, data } = flat;
  const lines = Uint8Array.from(data, (value, at) => {
    const pixel = at - (at % 3);
    const steps = Math.abs((data[pixel + 3] ?? value) - data[pixel]) + Math.abs((data[pixel + 3 * width] ?? value) - data[pixel]);
    return steps > 255 / LEVELS ? 0 : value;
  });
  return mixed(flat, likeFrame(flat, lines), 0.8);
}
