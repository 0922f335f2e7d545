import type { CallOptions, RawImage, Recogniser, Seen } from '../../../ports.ts';
import { colourShares } from './colour-names.ts';
import { type ConceptTable, KNOWN_WEIGHT } from './concepts.ts';
import { describeSeen } from './describe.ts';
import { locateConcepts, subjectBox, subjectHeat } from './locate.ts';
import type { Passes } from './passes.ts';
import { understandQuery } from './query.ts';
import { softmax } from './softmax.ts';
import { subjectColours } from './subject-colours.ts';

/** What of the class probabilities is kept (port: p >= .001, at most 64). */
const LEAST_PROBABILITY = 0.001;
const MOST_CLASSES = 64;

/** Shape of the model's mid-level features for a 224-pixel view. */
const REGIONS = { width: 14, height: 14, channels: 112 };

/** The packaged model as an eye: what is in a picture (mean of the centre and the whole view), and where. */
export function createRecogniser(passes: Passes, concepts: () => Promise<ConceptTable>): Recogniser {
  return {
    id: 'vision-lite0.1',
    async recognise(images, options = {}) {
      const centre = await passes.centre(images, options);
      const whole = await passes.whole(images, options);
      const colours = await passes.colours(images, options);
      return images.map((_, index) => ({
        classes: seenClasses(centre[index].logits, whole[index].logits),
        colours: colourShares(colours[index]),
        ...(subjectBox(whole[index]) ? { subjectColours: subjectColours(colours[index], subjectHeat(whole[index])) } : {}),
      }));
    },
    async understand(query) {
      return understandQuery(query, await concepts());
    },
    async describe(seen, { limit = 5, minProbability = 0.05 } = {}) {
      return describeSeen(seen, await concepts(), limit, minProbability);
    },
    async locate(image: RawImage, phrase: string, options: CallOptions = {}) {
      const known = understandQuery(phrase, await concepts()).concepts.filter((concept) => concept.weight >= KNOWN_WEIGHT);
      const strong = known.map((concept) => ({ ...concept, classes: concept.classes.filter(([, weight]) => weight >= KNOWN_WEIGHT) }));
      return known.length === 0 ? undefined : locateConcepts(passes, image, strong, options);
    },
    async subject(image, options = {}) {
      const [pass] = await passes.whole([image], options);
      return subjectBox(pass);
    },
    async regions(images, options = {}) {
      const whole = await passes.whole(images, options);
      return whole.map(({ cells }) => ({ ...REGIONS, data: cells }));
    },
  };
}

/** Mean of both views' probabilities: each alone misses what the other cuts off or squashes. */
function seenClasses(centreLogits: Float32Array, wholeLogits: Float32Array): Seen['classes'] {
  const centre = softmax(centreLogits);
  const whole = softmax(wholeLogits);
  const seen: Seen['classes'] = [];
  for (let index = 0; index < centre.length; index++) {
    const probability = (centre[index] + whole[index]) / 2;
    if (probability >= LEAST_PROBABILITY) seen.push([index, probability]);
  }
  return seen.sort((a, b) => b[1] - a[1]).slice(0, MOST_CLASSES);
}
