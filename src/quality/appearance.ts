import type { RawImage } from '../ports/pictures.ts';

/** Every n-th pixel that colour means are taken from. */
const COLOUR_STRIDE = 5;

/** Distance of the mean colours of two RGB pictures in OKLab x 100 (Ottosson 2020); 0 = the same, about 2 is just visible side by side. */
export function colourShift(a: RawImage, b: RawImage): number {
  const first = meanOklab(a);
  const second = meanOklab(b);
  return 100 * Math.hypot(...first.map((value, i) => value - second[i]));
}

/** How the colours of two pictures of the same view and size differ, OKLab x 100, cell by cell of an 8 x 8 grid. */
export interface ColourChange {
  /** Distance of the mean colours. */
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
  const grid = { sums: new Float64Array(GRID * GRID * 3), counts: new Float64Array(GRID * GRID) };
  for (let y = 0; y < image.height; y += 2) addRow(image, y, grid);
  return grid.sums.map((sum, i) => sum / Math.max(1, grid.counts[Math.floor(i / 3)]));
}

function addRow({ data, channels, width, height }: RawImage, y: number, { sums, counts }: { sums: Float64Array; counts: Float64Array }): void {
  const row = Math.floor((y * GRID) / height) * GRID;
  for (let x = y % 4 ? 1 : 0; x < width; x += 2) {
    const at = (y * width + x) * channels;
    const [l, a, b] = oklab(LINEAR[data[at]], LINEAR[data[channels === 1 ? at : at + 1]], LINEAR[data[channels === 1 ? at : at + 2]]);
    const cell = row + Math.floor((x * GRID) / width);
    sums[3 * cell] += l;
    sums[3 * cell + 1] += a;
    sums[3 * cell + 2] += b;
    counts[cell]++;
  }
}

/** Fine detail: variance of the 4-neighbour Laplacian of luma (Pech-Pacheco et al. 2000). Compare only pictures of the same size. */
export function sharpness(image: RawImage): number {
  const { width, height } = image;
  const totals = new Float64Array(2);
  for (let row = 1; row < height - 1; row++) addLaplacian(luma(image), width, row, totals);
  const count = Math.max(1, (width - 2) * (height - 2));
  return totals[1] / count - (totals[0] / count) ** 2;
}

/** Adds the row's sum and sum of squares. */
function addLaplacian(y: Float32Array, width: number, row: number, totals: Float64Array): void {
  let sum = totals[0];
  let squares = totals[1];
  for (let i = row * width + 1; i < row * width + width - 1; i++) {
    const value = y[i - 1] + y[i + 1] + y[i - width] + y[i + width] - 4 * y[i];
    sum += value;
    squares += value * value;
  }
  totals[0] = sum;
  totals[1] = squares;
}

const lumas = new WeakMap<RawImage, Float32Array>();

/** BT.601 luma, 0..255; made once for each picture, whose pixels do not change. */
export function luma(image: RawImage): Float32Array {
  const known = lumas.get(image);
  if (known) return known;
  const { data, channels } = image;
  const y = new Float32Array(image.width * image.height);
  for (let i = 0, at = 0; i < y.length; i++, at += channels) {
    y[i] = channels === 1 ? data[at] : 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  }
  lumas.set(image, y);
  return y;
}

function meanOklab(image: RawImage): [number, number, number] {
  const { data, channels } = image;
  const sum: [number, number, number] = [0, 0, 0];
  let count = 0;
  for (let at = 0; at < data.length; at += channels * COLOUR_STRIDE) {
    const [l, a, b] = oklab(LINEAR[data[at]], LINEAR[data[channels === 1 ? at : at + 1]], LINEAR[data[channels === 1 ? at : at + 2]]);
    sum[0] += l;
    sum[1] += a;
    sum[2] += b;
    count++;
  }
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}

/** sRGB byte to linear light (IEC 61966-2-1). */
const LINEAR = Float64Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

/** Matrices of Ottosson, "A perceptual color space for image processing" (2020). */
function oklab(r: number, g: number, b: number): [number, number, number] {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
