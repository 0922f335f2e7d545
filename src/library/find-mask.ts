import { AppError } from '../errors.ts';
import type { Box, CallOptions, Ports, RawImage, Sighting } from '../ports.ts';
import { cleanText } from './text.ts';

/** A mask that was found, not drawn. */
export interface FoundMask {
  /** One channel, as large as the picture that was looked at: 255 = the thing. */
  mask: RawImage;
  /** Of words: the model's probability of them at the hottest place, 0..1. */
  confidence?: number;
  /** Sentences on what was left out. */
  notes: string[];
}

/** Evidence under this counts as not found (port `Location`). Over 64 pairs of a picture and a noun that it does not show the highest was .35 (a hat seen in a red toy). */
const LEAST_EVIDENCE = 0.5;
/** Weight from which a noun counts as known (port `Recogniser`). */
const KNOWN_WEIGHT = 0.7;
/** A thing larger than this share of the picture was not told from its background. */
const MOST_OF_PICTURE = 0.95;

const DRAW = 'Draw a box, ellipse or polygon instead, or give a box around it as subject.';

/**
 * What the words name in a picture (RGB, a copy of at most 1,024 pixels is enough), outlined. INVALID_INPUT for words that the model does not know
 * (they are named), NOT_FOUND where it does not see them, or sees them too faintly, or cannot tell them from the background.
 */
export async function findByWords(ports: Pick<Ports, 'recogniser' | 'segmenter'>, image: RawImage, phrase: string, options: CallOptions): Promise<FoundMask> {
  const words = cleanText(phrase, 200);
  const { concepts, colours, unknownWords } = await ports.recogniser.understand(words);
  const known = concepts.filter((concept) => concept.weight >= KNOWN_WEIGHT).map((concept) => concept.word);
  const location = known.length > 0 ? await ports.recogniser.locate(image, words, options) : undefined;
  if (!location) throw unknown(words, unknownWords);
  const confidence = Math.round(location.peak * 100) / 100;
  if (location.peak < LEAST_EVIDENCE) {
    throw new AppError('NOT_FOUND', `${known.join(', ')}: not found in the picture (best evidence ${confidence}; ${LEAST_EVIDENCE} is needed).`, {
      hint: DRAW,
    });
  }
  const mask = await outlined(ports, image, { heat: location.heat }, known.join(', '), options);
  const ignored = [...unknownWords.map((word) => `"${word}" (not a noun the model knows)`), ...colours.map((colour) => `"${colour}" (a colour)`)];
  return { mask, confidence, notes: ignored.length > 0 ? [`Left out of maskPrompt: ${ignored.join(', ')}.`] : [] };
}

function unknown(words: string, unknownWords: string[]): AppError {
  const named = unknownWords.length > 0 ? unknownWords.map((word) => `"${word}"`).join(', ') : `"${words}"`;
  return new AppError('INVALID_INPUT', `maskPrompt: the model knows no noun in ${named}.`, {
    hint: `Name the thing by a plain noun, e.g. "the dog", "shoes", "backpack". ${DRAW}`,
  });
}

/**
 * The thing at `place`, in pixels of a picture of `size`: [x, y, width, height] around it, [x, y] on it, or [] for what the model takes for the subject.
 * INVALID_INPUT for another count of numbers or a place outside, NOT_FOUND where nothing stands out there.
 */
export async function findSubject(
  ports: Pick<Ports, 'recogniser' | 'segmenter'>,
  image: RawImage,
  place: number[],
  size: { width: number; height: number },
  options: CallOptions,
): Promise<FoundMask> {
  const sighting = place.length === 0 ? await ownSubject(ports, image, options) : readPlace(place, size);
  return { mask: await outlined(ports, image, sighting, 'the subject', options), notes: [] };
}

async function ownSubject(ports: Pick<Ports, 'recogniser'>, image: RawImage, options: CallOptions): Promise<Sighting> {
  const box = await ports.recogniser.subject(image, options);
  if (box) return { box };
  throw new AppError('NOT_FOUND', 'Nothing stands out as the subject of the picture.', { hint: DRAW });
}

function readPlace(place: number[], { width, height }: { width: number; height: number }): Sighting {
  const [x, y, across, down] = place;
  const inside = x >= 0 && y >= 0 && (place.length === 2 ? x < width && y < height : across > 0 && down > 0 && x + across <= width && y + down <= height);
  if (!inside || (place.length !== 2 && place.length !== 4)) {
    throw new AppError('INVALID_INPUT', `subject [${place.join(', ')}] is no place in the picture, which has ${width}x${height} pixels.`, {
      hint: 'Give [x, y, width, height] around the thing, [x, y] on it, or [] for the main subject.',
    });
  }
  if (place.length === 2) return { point: { x: x / width, y: y / height } };
  const box: Box = { x: x / width, y: y / height, width: across / width, height: down / height };
  return { box };
}

async function outlined(ports: Pick<Ports, 'segmenter'>, image: RawImage, sighting: Sighting, name: string, options: CallOptions): Promise<RawImage> {
  const mask = await ports.segmenter.refine(image, sighting, options);
  const share = mask ? mask.data.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0) / mask.data.length : 0;
  if (mask && share > 0 && share <= MOST_OF_PICTURE) return mask;
  throw new AppError('NOT_FOUND', `${name}: the outline cannot be told from the background.`, { hint: DRAW });
}

/** A small mask at the picture's size: bilinear between pixel centres, cut at one half, so that outlines are smooth. */
export function enlargeMask({ width, height, data }: RawImage, size: { width: number; height: number }): RawImage {
  const out = new Uint8Array(size.width * size.height);
  const columns = Array.from({ length: size.width }, (_, x) => between(x, size.width, width));
  for (let y = 0; y < size.height; y++) {
    const row = between(y, size.height, height);
    for (let x = 0; x < size.width; x++) {
      const column = columns[x];
      const upper = data[row.first * width + column.first] * (1 - column.part) + data[row.first * width + column.next] * column.part;
      const lower = data[row.next * width + column.first] * (1 - column.part) + data[row.next * width + column.next] * column.part;
      if (upper * (1 - row.part) + lower * row.part >= 127.5) out[y * size.width + x] = 255;
    }
  }
  return { ...size, channels: 1, data: out };
}

function between(at: number, large: number, small: number): { first: number; next: number; part: number } {
  const from = Math.max(0, Math.min(small - 1, ((at + 0.5) * small) / large - 0.5));
  const first = Math.floor(from);
  return { first, next: Math.min(small - 1, first + 1), part: from - first };
}
