import type { RawImage } from '../ports/pictures.ts';

/** How the colours of two pictures of the same view and size differ, OKLab x 100 (Ottosson 2020), cell by cell of an 8 x 8 grid. */
export interface ColourChange {
  /** Distance of the mean colours; 0 = the same, about 2 is just visible side by side. */
  shift: number;
  /** Mean over cells of the distance of hue and chroma (a, b; lightness left out) in relation to the chroma that is there: about 1 where colours are others altogether or gone. */
  relativeTint: number;
  /** Mean lightness of the first less that of the second. */
  exposure: number;
}

const GRID = 8;

export function colourChange(a: RawImage, b: RawImage): ColourChange {
  const first = gridOklab(a);
  const second = gridOklab(b);
  let tint = 0;
  let chroma = 0;
  const difference = [0, 0, 0];
  for (let i = 0; i < first.length; i += 3) {
    tint += Math.hypot(first[i + 1] - second[i + 1], first[i + 2] - second[i + 2]);
    chroma += Math.max(Math.hypot(first[i + 1], first[i + 2]), Math.hypot(second[i + 1], second[i + 2]));
    for (let c = 0; c < 3; c++) difference[c] += first[i + c] - second[i + c];
  }
  const cells = first.length / 3;
  const scale = 100 / cells;
  return {
    ...{ shift: scale * Math.hypot(...difference), exposure: scale * difference[0] },
    relativeTint: tint / Math.max(LEAST_CHROMA * cells, chroma),
  };
}

/** Chroma (OKLab) under which a picture counts as grey. */
const LEAST_CHROMA = 0.02;

/** Mean L, a, b of each cell, row by row. */
function gridOklab(image: RawImage): Float64Array {
  const sums = new Float64Array(GRID * GRID * 3);
  const counts = new Float64Array(GRID * GRID);
  const borders = Int32Array.from({ length: GRID + 1 }, (_, i) => Math.ceil((i * image.width) / GRID));
  for (let y = 0; y < image.height; y += 2) {
    const first = y % 4 ? 1 : 0;
    for (let i = 0; i < GRID; i++) {
      const cell = Math.floor((y * GRID) / image.height) * GRID + i;
      // Every second pixel from the row's first on.
      const from = borders[i] + ((borders[i] + first) & 1);
      const pixels = Math.max(0, Math.ceil((borders[i + 1] - from) / 2));
      addCones(image, y * image.width + from, pixels, sums, 3 * cell);
      counts[cell] += pixels;
    }
  }
  for (let cell = 0; cell < counts.length; cell++) sums.set(labOf(sums, 3 * cell, Math.max(1, counts[cell])), 3 * cell);
  return sums;
}

/** sRGB byte to linear light (IEC 61966-2-1). */
const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

/** Cube roots by the square root of their argument, 0..1; what lies between two steps is at most 6e-6 off where a byte is 1, less above. */
const STEPS = 1024;
const CUBE_ROOTS = Float64Array.from({ length: STEPS + 2 }, (_, i) => (i / STEPS) ** (2 / 3));

function cubeRoot(value: number): number {
  const at = Math.sqrt(value) * STEPS;
  const below = at | 0;
  return CUBE_ROOTS[below] + (at - below) * (CUBE_ROOTS[below + 1] - CUBE_ROOTS[below]);
}

/**
 * Adds the cone responses of every second pixel, `pixels` of them, to `sums` at `at` (Ottosson, "A perceptual color space for image
 * processing", 2020). What makes L, a, b of them is linear, so it waits for their mean.
 */
function addCones({ data, channels }: RawImage, first: number, pixels: number, sums: Float64Array, at: number): void {
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  let [long, medium, short] = [0, 0, 0];
  for (let i = 0, p = first * channels; i < pixels; i++, p += 2 * channels) {
    const [r, g, b] = [LINEAR[data[p]], LINEAR[data[p + green]], LINEAR[data[p + blue]]];
    long += cubeRoot(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    medium += cubeRoot(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    short += cubeRoot(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  }
  sums[at] += long;
  sums[at + 1] += medium;
  sums[at + 2] += short;
}

function labOf(sums: Float64Array, at: number, pixels: number): [number, number, number] {
  const [l, m, s] = [sums[at] / pixels, sums[at + 1] / pixels, sums[at + 2] / pixels];
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
