import type { CallOptions, Embedder, RawImage } from '../../../ports.ts';
import { COLOUR_DIMENSIONS, colourBlock, unit } from './colour-block.ts';
import type { Passes } from './passes.ts';
import { wholeView } from './views.ts';

const MODEL_DIMENSIONS = 384;

/** Share of the squared length that the colour block has. */
const COLOUR_SHARE = 0.15;

/** Side of the thumbnail that colours are taken from. */
const COLOUR_SIDE = 64;

/** Vectors of 512: what the picture shows (centre view, blocks `model`) and its colours (whole picture, `colour`). */
export function createEmbedder(passes: Passes): Embedder {
  async function embed(image: RawImage, embedding: Float32Array): Promise<Float32Array> {
    const { data } = await wholeView(image, COLOUR_SIDE);
    const colour = colourBlock(data);
    const vector = new Float32Array(MODEL_DIMENSIONS + COLOUR_DIMENSIONS);
    for (let i = 0; i < MODEL_DIMENSIONS; i++) vector[i] = Math.sqrt(1 - COLOUR_SHARE) * embedding[i];
    for (let i = 0; i < COLOUR_DIMENSIONS; i++) vector[MODEL_DIMENSIONS + i] = Math.sqrt(COLOUR_SHARE) * colour[i];
    return unit(vector);
  }
  return {
    id: 'vision-lite0.1+colour.1',
    dimensions: MODEL_DIMENSIONS + COLOUR_DIMENSIONS,
    modalities: ['image'],
    blocks: { model: [0, MODEL_DIMENSIONS], colour: [MODEL_DIMENSIONS, MODEL_DIMENSIONS + COLOUR_DIMENSIONS] },
    async embedImages(images: RawImage[], options: CallOptions = {}): Promise<Float32Array[]> {
      const centre = await passes.centre(images, options);
      return Promise.all(images.map((image, index) => embed(image, centre[index].embedding)));
    },
  };
}
