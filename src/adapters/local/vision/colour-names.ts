/** The eleven basic colour terms of English (Berlin and Kay, 1969) and turquoise. */
export const COLOUR_NAMES = ['red', 'orange', 'yellow', 'green', 'turquoise', 'blue', 'purple', 'pink', 'black', 'white', 'grey', 'brown'] as const;

export type ColourName = (typeof COLOUR_NAMES)[number];

/** Chroma under which a colour has no hue: black, grey or white by lightness. */
const LEAST_CHROMA = 0.035;

/**
 * Lightness between which grey goes over from black, and into white. Soft, because a black thing in a photograph has lights on it and a
 * white one shadows: with the borders of the survey (.27, .92) a black sneaker is .85 grey. The best of three pairs tried on the subjects
 * of 175 photographs whose colours were noted by eye: the largest share has a noted name in .74 of them, with the survey's borders in .67.
 */
const BLACK_TO_GREY = [0.2, 0.5] as const;
const GREY_TO_WHITE = [0.65, 0.9] as const;

/** Under this lightness everything is black. */
const DARK = 0.15;

const [RED, ORANGE, YELLOW, GREEN, TURQUOISE, BLUE, PURPLE, PINK, BLACK, WHITE, GREY, BROWN] = COLOUR_NAMES.keys();

/**
 * Adds `weight` to the everyday name of an OKLab colour, or shares it among black, grey and white; `sums` is in the order of `COLOUR_NAMES`.
 * Borders between hues fitted to the 469 of the 949 colours of the xkcd colour survey (2010, CC0) whose name ends in one of the twelve terms
 * and holds no other: .93 of them get that name (boxes in HSV: .61).
 */
function addName(sums: Float64Array, weight: number, lightness: number, a: number, b: number): void {
  const chroma = Math.sqrt(a * a + b * b);
  if (chroma >= LEAST_CHROMA && lightness >= DARK) {
    sums[hueName(lightness, chroma, ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360)] += weight;
    return;
  }
  const black = lightness < DARK ? 1 : 1 - ramp(lightness, BLACK_TO_GREY[0], BLACK_TO_GREY[1]);
  const white = ramp(lightness, GREY_TO_WHITE[0], GREY_TO_WHITE[1]);
  sums[BLACK] += weight * black;
  sums[WHITE] += weight * white;
  if (black + white < 1) sums[GREY] += weight * (1 - black - white);
}

/** Place in `COLOUR_NAMES`. */
function hueName(lightness: number, chroma: number, hue: number): number {
  if (hue < 36) return lightness >= (hue > 12 ? 0.67 : 0.54) ? PINK : RED;
  if (hue < 71) return lightness < 0.53 || chroma < 0.11 ? BROWN : ORANGE;
  if (hue < 122) return lightness >= 0.76 ? YELLOW : hue < 95 ? BROWN : GREEN;
  if (hue < 164) return GREEN;
  if (hue < 205) return TURQUOISE;
  if (hue < 283) return BLUE;
  if (hue < 347) return hue > 325 && lightness > 0.54 ? PINK : PURPLE;
  return lightness >= 0.54 ? PINK : RED;
}

const ramp = (value: number, from: number, to: number): number => Math.min(1, Math.max(0, (value - from) / (to - from)));

/** Spread of the centre weighting as a share of the side: a pixel in a corner counts .08 of one in the middle. */
const CENTRE_SPREAD = 0.3125;

/** Shares below this are not listed. */
const LEAST_SHARE = 0.01;

/** Share 0..1 of each named colour in an OKLab picture whose pixels count by `weights`, largest first, at least .01; [] where none counts. */
export function weightedShares(lab: Float32Array, weights: Float32Array): [name: ColourName, share: number][] {
  const sums = new Float64Array(COLOUR_NAMES.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i];
    if (weight <= 0) continue;
    addName(sums, weight, lab[3 * i], lab[3 * i + 1], lab[3 * i + 2]);
    total += weight;
  }
  return COLOUR_NAMES.map((name, index): [ColourName, number] => [name, sums[index] / total])
    .filter(([, share]) => share >= LEAST_SHARE)
    .sort((one, other) => other[1] - one[1]);
}

/** Centre-weighted share 0..1 of each named colour in a square OKLab picture, largest first, at least .01. */
export function colourShares(lab: Float32Array): [name: ColourName, share: number][] {
  return weightedShares(lab, centreWeights(Math.sqrt(lab.length / 3)));
}

/** All thumbnails have one size, so one map is kept. */
let lastWeights: Float32Array | undefined;

function centreWeights(side: number): Float32Array {
  if (lastWeights?.length === side * side) return lastWeights;
  const offset = (index: number) => (index + 0.5) / side - 0.5;
  lastWeights = Float32Array.from({ length: side * side }, (_, i) => {
    const distance = Math.hypot(offset(i % side), offset(Math.floor(i / side))) / CENTRE_SPREAD;
    return Math.exp(-(distance ** 2) / 2);
  });
  return lastWeights;
}
