/** What cosines of an embedder mean, measured on pictures whose objects are known. */
export interface CosineScale {
  /** Cosine to a query picture under which a hit is no closer than unrelated pictures are. */
  imageWeakBelow: number;
  /** Cosine to the query's words from which a picture shows them; absent where it was not measured. */
  textFrom?: number;
}

/**
 * By embedder id. Measured for the packaged model on 81 photographs of 15 objects, each pair of pictures: .95 of those of different objects are
 * below .494, .99 of those of the same object above .502. No packaged model compares words with pictures, so none has `textFrom`.
 */
const SCALES: Readonly<Record<string, CosineScale>> = { 'vision-lite0.1+colour.1': { imageWeakBelow: 0.5 } };

/** `undefined` for an embedder that was not measured: its cosines only order hits. */
export function cosineScale(embedderId: string): CosineScale | undefined {
  return Object.hasOwn(SCALES, embedderId) ? SCALES[embedderId] : undefined;
}
