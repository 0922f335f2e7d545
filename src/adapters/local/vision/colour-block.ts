/** Lightness bins of pixels without a hue. */
const GREYS = 8;
const HUES = 12;
const LIGHTNESSES = 3;
const CHROMAS = 2;
const LAYOUT_SIDE = 4;
const HISTOGRAM = GREYS + HUES * LIGHTNESSES * CHROMAS;

/** Length of the colour block: an 80-bin histogram and a 4 x 4 layout of L, a, b. */
export const COLOUR_DIMENSIONS = HISTOGRAM + 3 * LAYOUT_SIDE * LAYOUT_SIDE;

/** Chroma between which a pixel goes over from grey to coloured, and from pale to vivid. */
const GREY_CHROMA = 0.02;
const COLOURED_CHROMA = 0.06;
const PALE_CHROMA = 0.08;
const VIVID_CHROMA = 0.16;

/** How much the layout counts beside the histogram, and how a and b are scaled against lightness. */
const LAYOUT_GAIN = 0.35;
const HUE_GAIN = 4;

/**
 * The colours of a picture and roughly where they are, unit length: square roots of a soft OKLab histogram
 * (so that a dot product is the Bhattacharyya coefficient), and a coarse layout. `lab` is a square
 * picture in OKLab.
 */
export function colourBlock(lab: Float32Array): Float32Array {
  const block = new Float32Array(COLOUR_DIMENSIONS);
  addHistogram(lab, block);
  addLayout(lab, Math.sqrt(lab.length / 3), block);
  return unit(block);
}

function addHistogram(lab: Float32Array, block: Float32Array): void {
  const one = 3 / lab.length;
  for (let i = 0; i < lab.length; i += 3) {
    const chroma = Math.sqrt(lab[i + 1] * lab[i + 1] + lab[i + 2] * lab[i + 2]);
    const coloured = ramp(chroma, GREY_CHROMA, COLOURED_CHROMA);
    if (coloured < 1) share(block, 0, 1, lab[i] * (GREYS - 1), GREYS - 1, (1 - coloured) * one);
    if (coloured > 0) addHue(block, lab, i, coloured * one, ramp(chroma, PALE_CHROMA, VIVID_CHROMA));
  }
  for (let bin = 0; bin < HISTOGRAM; bin++) block[bin] = Math.sqrt(block[bin]);
}

function addHue(block: Float32Array, lab: Float32Array, i: number, weight: number, vivid: number): void {
  const hue = ((Math.atan2(lab[i + 2], lab[i + 1]) / (2 * Math.PI) + 1) * HUES) % HUES;
  const lower = Math.floor(hue);
  const light = lab[i] * (LIGHTNESSES - 1);
  for (let upper = 0; upper < 2; upper++) {
    const part = weight * (upper ? hue - lower : 1 - (hue - lower));
    const bin = GREYS + ((lower + upper) % HUES) * LIGHTNESSES * CHROMAS;
    share(block, bin, CHROMAS, light, LIGHTNESSES - 1, part * (1 - vivid));
    share(block, bin + 1, CHROMAS, light, LIGHTNESSES - 1, part * vivid);
  }
}

/** Splits a weight at a position 0..last between its two neighbours among bins that start at `first` and are `stride` apart. */
function share(block: Float32Array, first: number, stride: number, position: number, last: number, weight: number): void {
  const at = Math.min(last, Math.max(0, position));
  const lower = Math.min(last - 1, Math.floor(at));
  const bin = first + lower * stride;
  block[bin] += (1 - (at - lower)) * weight;
  block[bin + stride] += (at - lower) * weight;
}

function addLayout(lab: Float32Array, side: number, block: Float32Array): void {
  const cellPixels = (side / LAYOUT_SIDE) ** 2;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const cell = Math.floor((y * LAYOUT_SIDE) / side) * LAYOUT_SIDE + Math.floor((x * LAYOUT_SIDE) / side);
      const from = 3 * (y * side + x);
      const to = HISTOGRAM + 3 * cell;
      block[to] += (LAYOUT_GAIN * (lab[from] - 0.5)) / cellPixels;
      block[to + 1] += (LAYOUT_GAIN * HUE_GAIN * lab[from + 1]) / cellPixels;
      block[to + 2] += (LAYOUT_GAIN * HUE_GAIN * lab[from + 2]) / cellPixels;
    }
  }
}

const ramp = (value: number, from: number, to: number): number => Math.min(1, Math.max(0, (value - from) / (to - from)));

/** Scales a vector to unit length in place. */
export function unit(vector: Float32Array): Float32Array {
  let square = 0;
  for (const value of vector) square += value * value;
  const length = Math.sqrt(square) || 1;
  for (let i = 0; i < vector.length; i++) vector[i] /= length;
  return vector;
}
