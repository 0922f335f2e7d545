import type { Asset, Ports } from '../ports.ts';

/**
 * Perceptual hashes (64 bits) that differ in at most this many bits are reported as near duplicates. Measured with `Images.fingerprint` on
 * 200 photographs: of copies within 10 bits: saved at JPEG quality 20 to 60 or as WebP, scaled to a half, a quarter or 160 px wide, grey,
 * more saturated: all; 15 % brighter .995; with a written mark .98; cropped to 98 % .985, to 95 % .955, to 90 % .515. Of the 19,900 pairs
 * of different photographs six: four retouched copies, two versions of one drawing, and two products photographed in the same setting.
 */
export const NEAR_DUPLICATE_BITS = 10;

const REPORTED = 5;

/** The hash of a picture without structure (flat, or stripes in one direction only), which says nothing about likeness. */
const FLAT = '0000000000000000';

export type NearDuplicate = {
  id: string;
  name: string;
  /** Bits of 64 in which the perceptual hashes differ. */
  distance: number;
};

/** Other assets of the collection that look nearly the same, nearest first, at most 5. [] for videos. */
export async function nearDuplicatesOf(ports: Ports, { id, collection, perceptualHash }: Asset): Promise<NearDuplicate[]> {
  if (perceptualHash === undefined || perceptualHash === FLAT) return [];
  const near = await ports.catalog.nearDuplicates(collection, perceptualHash, NEAR_DUPLICATE_BITS, REPORTED + 1);
  const others = near.filter((other) => other.id !== id).slice(0, REPORTED);
  const names = new Map((await ports.catalog.getMany(others.map((other) => other.id))).map((asset) => [asset.id, asset.name]));
  return others.flatMap((other) => {
    const name = names.get(other.id);
    return name === undefined ? [] : [{ id: other.id, name, distance: other.distance }];
  });
}
