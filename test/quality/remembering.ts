import { createHash } from 'node:crypto';
import type { RawImage } from '../../src/ports/pictures.ts';
import type { Embedder, Recogniser } from '../../src/ports/vision.ts';

/**
 * The same embedder and recogniser, which are not asked twice about the same pixels: the tests of one file measure clips against the same
 * few references, and each look at one takes the model a second.
 */
export function remembering(vision: { embedder: Embedder; recogniser: Recogniser }): { embedder: Embedder; recogniser: Recogniser } {
  const vectors = new Map<string, Promise<Float32Array>>();
  const pictures = new Map<string, RawImage>();
  const keyOf = ({ data, width }: RawImage) => createHash('sha1').update(data).update(`${width}`).digest('base64');
  /** One object for all pictures with these pixels: passes are kept by it. */
  const known = (image: RawImage) => {
    const key = keyOf(image);
    if (!pictures.has(key)) pictures.set(key, image);
    return pictures.get(key) as RawImage;
  };
  const { embedder, recogniser } = vision;
  return {
    embedder: {
      ...embedder,
      embedImages: (images, options) =>
        Promise.all(
          images.map((image) => {
            const key = keyOf(image);
            const vector = vectors.get(key) ?? embedder.embedImages([known(image)], options).then(([one]) => one);
            vectors.set(key, vector);
            vector.catch(() => vectors.delete(key));
            return vector;
          }),
        ),
    },
    recogniser: {
      ...recogniser,
      recognise: (images, options) => recogniser.recognise(images.map(known), options),
      regions: (images, options) => recogniser.regions(images.map(known), options),
      subject: (image, options) => recogniser.subject(known(image), options),
    },
  };
}
