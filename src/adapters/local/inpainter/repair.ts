import { type Breathe, complete } from './completion.ts';
import { boundsOf, crop, groupHoles, grow, type Hole, type PixelBox, type Plane, separateHoles, union } from './region.ts';
import { fillThin } from './telea.ts';

/** RGB pixels. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8Array;
}

export interface Repair {
  data: Uint8Array;
  algorithm: string;
}

/** Holes less deep than this (in pixels, half their width) are scratches: Telea is faster there. In strokes of 12 pixels it leaves .03 of a texture's high frequencies. */
const THIN_DEPTH = 3;
/** Known pixels around the thin parts that Telea sees. */
const THIN_MARGIN = 16;
/** Known pixels around an area that may be copied from: as many as it is long, at most 16 times its depth, within these bounds. */
const LEAST_MARGIN = 96;
const MOST_MARGIN = 1024;
const DEPTHS_OF_MARGIN = 16;

const TELEA = 'Telea 2004';
const PATCHMATCH = 'PatchMatch (Barnes 2009) with voting (Wexler 2007)';

/**
 * Fills the mask and blends: thin holes first, then areas, each in its own part of the picture. Pixels whose mask is 0 stay as they are; those that `avoid`
 * marks are copied only where nothing else is left.
 */
export async function repair(image: Pixels, mask: Plane, seed: number, breathe: Breathe, avoid?: Plane): Promise<Repair> {
  const work = new Work(image, mask, avoid);
  await breathe(0);
  const thin = work.holes.filter((hole) => hole.depth < THIN_DEPTH);
  const areas = groupHoles(work.holes.filter((hole) => hole.depth >= THIN_DEPTH));
  if (thin.length > 0) await work.fillWithTelea(thin);
  await breathe(0);
  for (let i = 0; i < areas.length; i++) {
    await work.fillWithPatches(areas[i], seed, (fraction) => breathe((i + fraction) / areas.length));
  }
  await breathe(1);
  return { data: blend(image.data, work.filled, mask.data), algorithm: [...work.algorithms].join(', ') };
}

class Work {
  readonly filled: Uint8Array;
  readonly holes: Hole[];
  readonly algorithms = new Set<string>();
  readonly #image: Pixels;
  readonly #mask: Plane;
  readonly #avoid: Plane | undefined;
  readonly #labels: Int32Array;
  /** What the labels cover: everything outside is known. */
  readonly #frame: PixelBox;

  constructor(image: Pixels, mask: Plane, avoid: Plane | undefined) {
    this.#image = image;
    this.#mask = mask;
    this.#avoid = avoid;
    this.filled = Uint8Array.from(image.data);
    this.#frame = grow(boundsOf(mask) ?? { x: 0, y: 0, width: 1, height: 1 }, 1, mask);
    const part = { width: this.#frame.width, height: this.#frame.height, data: crop(mask.data, mask.width, this.#frame, 1) };
    const { holes, labels } = separateHoles(part);
    this.#labels = labels;
    this.holes = holes.map((hole) => ({ ...hole, box: { ...hole.box, x: hole.box.x + this.#frame.x, y: hole.box.y + this.#frame.y } }));
  }

  async fillWithTelea(holes: Hole[]): Promise<void> {
    const roi = grow(boxOf(holes), THIN_MARGIN, this.#image);
    const hole = this.#holePlane(holes, roi);
    this.#write(roi, hole, await fillThin(crop(this.filled, this.#image.width, roi, 3), hole, roi));
    this.algorithms.add(TELEA);
  }

  async fillWithPatches(holes: Hole[], seed: number, breathe: Breathe): Promise<void> {
    const box = boxOf(holes);
    const depth = Math.max(...holes.map((each) => each.depth));
    const margin = Math.min(MOST_MARGIN, Math.max(LEAST_MARGIN, Math.min(DEPTHS_OF_MARGIN * depth, Math.max(box.width, box.height))));
    const roi = grow(box, Math.ceil(margin), this.#image);
    const hole = this.#holePlane(holes, roi);
    const pixels = crop(this.filled, this.#image.width, roi, 3);
    const masked = crop(this.#mask.data, this.#mask.width, roi, 1);
    const avoided = this.#avoid && crop(this.#avoid.data, this.#avoid.width, roi, 1).map((value, at) => value | masked[at]);
    // Nothing that was filled is copied again, unless nothing else is left.
    for (const forbidden of avoided ? [avoided, masked, hole] : [masked, hole]) {
      const completed = await complete({ width: roi.width, height: roi.height, pixels, hole, forbidden }, depth, seed, breathe);
      if (!completed) continue;
      this.#write(roi, hole, completed.pixels);
      this.algorithms.add(PATCHMATCH);
      return;
    }
    await this.fillWithTelea(holes);
  }

  /** 1 for the pixels of these holes, within `roi`. */
  #holePlane(holes: Hole[], roi: PixelBox): Uint8Array {
    const chosen = new Set(holes.map((hole) => hole.label));
    const out = new Uint8Array(roi.width * roi.height);
    const box = boxOf(holes);
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let x = box.x; x < box.x + box.width; x++) {
        if (this.#mask.data[y * this.#mask.width + x] === 0) continue;
        const label = this.#labels[(y - this.#frame.y) * this.#frame.width + x - this.#frame.x];
        if (chosen.has(label)) out[(y - roi.y) * roi.width + x - roi.x] = 1;
      }
    }
    return out;
  }

  #write(roi: PixelBox, hole: Uint8Array, pixels: Uint8Array): void {
    for (let at = 0; at < hole.length; at++) {
      if (hole[at] === 0) continue;
      const y = Math.floor(at / roi.width);
      const to = ((roi.y + y) * this.#image.width + roi.x + at - y * roi.width) * 3;
      for (let c = 0; c < 3; c++) this.filled[to + c] = pixels[at * 3 + c];
    }
  }
}

function boxOf(holes: Hole[]): PixelBox {
  return holes.map((hole) => hole.box).reduce(union);
}

/** original * (1 - a) + filled * a, with a = mask / 255. */
function blend(original: Uint8Array, filled: Uint8Array, mask: Uint8Array): Uint8Array {
  const out = Uint8Array.from(original);
  for (let at = 0; at < mask.length; at++) {
    const share = mask[at];
    if (share === 0) continue;
    for (let c = at * 3; c < at * 3 + 3; c++) out[c] = Math.round((original[c] * (255 - share) + filled[c] * share) / 255);
  }
  return out;
}
