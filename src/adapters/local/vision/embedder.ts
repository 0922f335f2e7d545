import type { CallOptions, Embedder, RawImage } from '../../../ports.ts';
import { COLOUR_DIMENSIONS, colourBlock, unit } from './colour-block.ts';
import type { Passes } from './passes.ts';

const MODEL_DIMENSIONS = 384;

/**
 * Share of the squared length that the colour block has. Measured on 81 photographs of 15 objects (identity AUC / mAP, one left out, and
 * the AUC of a picture's 85 % crop against the picture with its hue turned by 120 degrees): 0: .997 / .994, .881; .15: .997 / .990, .969;
 * .3: .993 / .940, .985.
 */
const COLOUR_SHARE = 0.15;

/** Vectors of 512: what the picture shows (centre view, block `model`) and its colours (whole picture, block `colour`). */
export function createEmbedder(passes: Passes): Embedder {
  return {
    id: 'vision-lite0.1+colour.1',
    dimensions: MODEL_DIMENSIONS + COLOUR_DIMENSIONS,
    modalities: ['image'],
    blocks: { model: [0, MODEL_DIMENSIONS], colour: [MODEL_DIMENSIONS, MODEL_DIMENSIONS + COLOUR_DIMENSIONS] },
    async embedImages(images: RawImage[], options: CallOptions = {}): Promise<Float32Array[]> {
      const centre = await passes.centre(images, options);
      const colours = await passes.colours(images, options);
      return centre.map(({ embedding }, index) => joined(embedding, colourBlock(colours[index])));
    },
  };
}

function joined(embedding: Float32Array, colour: Float32Array): Float32Array {
  const vector = new Float32Array(MODEL_DIMENSIONS + COLOUR_DIMENSIONS);
  vector.set(embedding.map((value) => Math.sqrt(1 - COLOUR_SHARE) * value));
  vector.set(
    colour.map((value) => Math.sqrt(COLOUR_SHARE) * value),
    MODEL_DIMENSIONS,
  );
  return unit(vector);
}
