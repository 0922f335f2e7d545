import type { Box, CallOptions, Concept, Location, RawImage } from '../../../ports.ts';
import { type Heat, meanHeat, padBox, peakIndex, scaleHeat, strongBox } from './heat.ts';
import type { Passes, WholePass } from './passes.ts';
import { cellView } from './views.ts';

/** Short sides of the three passes: small shows the whole thing, large its parts. */
const SCALES = [224, 352, 512];

const CLASSES = 1000;

/** The heat map has this many points per cell of the finest pass. */
const POINTS_PER_CELL = 4;

/** Points at this part of the peak belong to the thing. */
const STRONG = 0.5;

/** Where the concepts' classes are: the mean over three scales of each cell's probability of them. */
export async function locateConcepts(passes: Passes, image: RawImage, concepts: Concept[], options: CallOptions): Promise<Location> {
  const weights = new Float32Array(CLASSES);
  for (const [index, weight] of concepts.flatMap((concept) => concept.classes)) weights[index] = Math.max(weights[index], weight);
  const maps: Heat[] = [];
  for (const scale of SCALES) {
    const view = await cellView(image, scale);
    maps.push({ width: view.width / 32, height: view.height / 32, data: await passes.evidence(view, weights, options) });
  }
  const finest = maps[maps.length - 1];
  const width = finest.width * POINTS_PER_CELL;
  const height = finest.height * POINTS_PER_CELL;
  const heat = meanHeat(maps.map((map) => scaleHeat(map, width, height)));
  const top = peakIndex(heat);
  const peak = heat.data[top];
  const at = { x: ((top % width) + 0.5) / width, y: (Math.floor(top / width) + 0.5) / height };
  return { heat, peak, at, box: strongBox(heat, STRONG * peak) ?? { x: 0, y: 0, width: 1, height: 1 } };
}

const SUBJECT_SIDE = 7;

/** Upsampled side of the subject map, so that boxes may end between cells. */
const SUBJECT_POINTS = 56;

/*
 * Measured by looking at the boxes of 102 pictures (products, pets, toys, scenes, drawings). At .4 of the peak the box holds the thing
 * with little around it (.5 cut paws and handles, .3 took in neighbours). A map whose mean is over .42 of its peak is spread over the
 * picture: road, waves, a wall of paintings, a plate that fills the frame (.43 to .59), against .20 to .41 where one thing stands out.
 * A peak under 12 logits was only seen on pictures of that kind; single things had 13 to 50.
 */
const SUBJECT_STRONG = 0.4;
const MOST_SPREAD = 0.42;
const LEAST_PEAK = 12;

/** Fraction of the picture added on each side of the subject. */
const MARGIN = 0.02;

/** Where the whole picture speaks for what it is taken for. */
export const subjectHeat = (pass: WholePass): Heat => ({ width: SUBJECT_SIDE, height: SUBJECT_SIDE, data: pass.subject });

/** The box of what the whole picture is taken for; `undefined` where it is faint or spread over the picture. */
export function subjectBox(pass: WholePass): Box | undefined {
  const heat = scaleHeat(subjectHeat(pass), SUBJECT_POINTS, SUBJECT_POINTS);
  const peak = heat.data[peakIndex(heat)];
  const mean = heat.data.reduce((sum, value) => sum + value, 0) / heat.data.length;
  if (peak < LEAST_PEAK || mean > MOST_SPREAD * peak) return undefined;
  const strong = strongBox(heat, SUBJECT_STRONG * peak);
  return strong && padBox(strong, MARGIN);
}
