import { AppError } from '../errors.ts';
import type { Box, RawImage } from '../ports/pictures.ts';
import type { CallOptions, Ports } from '../ports.ts';
import { type Alignment, findFrame, lumaPyramid } from './align.ts';
import { type ColourChange, colourChange } from './appearance.ts';
import { detailMap } from './detail.ts';
import { sharpness } from './luma.ts';
import { type FrameMatch, seePictures } from './reference.ts';
import { compareRegions, type RegionMap } from './regions.ts';
import { cosine } from './similarity.ts';
import { crop } from './windows.ts';

type Vision = Pick<Ports, 'embedder' | 'recogniser' | 'images'>;

/** A frame beside the part of the reference that it shows. */
export interface FrameComparison {
  /** Index among the shot's looked-at frames. */
  index: number;
  alignment: Alignment;
  /** Agreement by the model's features (absent where the recogniser is off), and by fine detail. */
  regions: RegionMap | undefined;
  detail: RegionMap;
  colour: ColourChange;
  /** Fine detail of the frame over that of the reference; absent where the reference has none. */
  sharpness: number | undefined;
  /** Cosine of subject with subject, of the first frames; absent where nothing stands out in one of them. */
  subject: number | undefined;
}

/** Frames, the first ones, whose subject is compared with the reference's. */
const SUBJECT_FRAMES = 2;

/** Side of the square that pixels are compared on. */
const PIXEL_SIDE = 224;

/** Compares the frames at the given indices with the parts of the reference that they show. */
export async function compareFrames(
  ports: Vision,
  frames: readonly RawImage[],
  reference: { image: RawImage; matches: readonly FrameMatch[] },
  indices: readonly number[],
  options: CallOptions,
): Promise<FrameComparison[]> {
  const pyramid = lumaPyramid(reference.image);
  const subject = await seeSubject(ports, reference.image, options);
  return Promise.all(
    indices.map(async (index, nth) => {
      const frame = frames[index];
      const alignment = findFrame(frame, pyramid, reference.matches[index].boxes);
      const part = crop(reference.image, alignment.box);
      const [own, regions, pixels] = await Promise.all([
        subject && nth < SUBJECT_FRAMES ? seeSubject(ports, frame, options) : undefined,
        agreement(ports, frame, part, options),
        comparePixels(ports, frame, part),
      ]);
      return { index, alignment, regions, subject: own && subject ? cosine(own, subject) : undefined, ...pixels };
    }),
  );
}

/** `undefined` where there is no model to compare by. */
async function agreement(ports: Vision, frame: RawImage, part: RawImage, options: CallOptions): Promise<RegionMap | undefined> {
  try {
    const [a, b] = await ports.recogniser.regions([frame, part], options);
    return compareRegions(a, b);
  } catch (error) {
    if (error instanceof AppError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
}

/** What the model sees of the thing that stands out in a picture; `undefined` where nothing does. */
export async function seeSubject(ports: Pick<Ports, 'embedder' | 'recogniser'>, image: RawImage, options: CallOptions): Promise<Float32Array | undefined> {
  const box = await ports.recogniser.subject(image, options);
  if (!box) return undefined;
  const [seen] = await seePictures(ports.embedder, [crop(image, squareAround(box, image))], options);
  return seen.shows;
}

/** The square around a box's middle with its longer side, as far as the picture reaches: the model looks at the middle of it. */
function squareAround(box: Box, image: RawImage): Box {
  const side = Math.max(box.width * image.width, box.height * image.height) / 0.875;
  const width = Math.min(1, side / image.width);
  const height = Math.min(1, side / image.height);
  const x = Math.min(1 - width, Math.max(0, box.x + (box.width - width) / 2));
  const y = Math.min(1 - height, Math.max(0, box.y + (box.height - height) / 2));
  return { x, y, width, height };
}

async function comparePixels(ports: Vision, frame: RawImage, part: RawImage): Promise<Pick<FrameComparison, 'colour' | 'sharpness' | 'detail'>> {
  const size = { width: Math.min(frame.width, part.width), height: Math.min(frame.height, part.height), fit: 'cover' as const };
  const sized = (image: RawImage) => (image.width === size.width && image.height === size.height ? image : ports.images.resize(image, size));
  const [a, b] = await Promise.all([sized(frame), sized(part)]);
  const detail = sharpness(b);
  return { colour: colourChange(a, b), sharpness: detail > 0 ? sharpness(a) / detail : undefined, detail: detailMap(a, b, PIXEL_SIDE) };
}
