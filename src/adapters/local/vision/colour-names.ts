/** The eleven basic colour terms of English (Berlin and Kay, 1969) and turquoise. */
export const COLOUR_NAMES = ['red', 'orange', 'yellow', 'green', 'turquoise', 'blue', 'purple', 'pink', 'black', 'white', 'grey', 'brown'] as const;

export type ColourName = (typeof COLOUR_NAMES)[number];

/**
 * The everyday name of an OKLab colour. Borders fitted to the 469 of the 949 colours of the xkcd colour survey (2010, CC0)
 * whose name ends in one of the twelve terms and holds no other: .93 of them get that name (boxes in HSV: .61). That survey has one
 * white; its border stands between it and "light grey" (lightness .89).
 */
function colourName(lightness: number, a: number, b: number): ColourName {
  const chroma = Math.hypot(a, b);
  if (lightness < 0.15) return 'black';
  if (chroma < 0.035) return lightness < 0.27 ? 'black' : lightness > 0.92 ? 'white' : 'grey';
  const hue = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
  if (hue < 36) return lightness >= (hue > 12 ? 0.67 : 0.54) ? 'pink' : 'red';
  if (hue < 71) return lightness < 0.53 || chroma < 0.11 ? 'brown' : 'orange';
  if (hue < 122) return lightness >= 0.76 ? 'yellow' : hue < 95 ? 'brown' : 'green';
  if (hue < 164) return 'green';
  if (hue < 205) return 'turquoise';
  if (hue < 283) return 'blue';
  if (hue < 347) return hue > 325 && lightness > 0.54 ? 'pink' : 'purple';
  return lightness >= 0.54 ? 'pink' : 'red';
}

/** Spread of the centre weighting as a share of the side: a pixel in a corner counts .08 of one in the middle. */
const CENTRE_SPREAD = 0.3125;

/** Shares below this are not listed. */
const LEAST_SHARE = 0.01;

/** Centre-weighted share 0..1 of each named colour in a square OKLab picture, largest first, at least .01. */
export function colourShares(lab: Float32Array): [name: ColourName, share: number][] {
  const side = Math.sqrt(lab.length / 3);
  const shares = new Map<ColourName, number>();
  let total = 0;
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i += 3) {
      const distance = Math.hypot((x + 0.5) / side - 0.5, (y + 0.5) / side - 0.5) / CENTRE_SPREAD;
      const weight = Math.exp(-(distance ** 2) / 2);
      const name = colourName(lab[i], lab[i + 1], lab[i + 2]);
      shares.set(name, (shares.get(name) ?? 0) + weight);
      total += weight;
    }
  }
  return [...shares]
    .map(([name, share]): [ColourName, number] => [name, share / total])
    .filter(([, share]) => share >= LEAST_SHARE)
    .sort((one, other) => other[1] - one[1]);
}
