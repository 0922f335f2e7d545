import type { RawImage } from '../ports/pictures.ts';
import type { CallOptions, Ports } from '../ports.ts';
import { compareFrames, type FrameComparison } from './compare.ts';
import { lengthOf, type PixelSummary, summarisePixels } from './pixels.ts';
import { type FrameMatch, MODEL_BLOCK, matchFrame, type ReferenceViews, type SeenPicture, seePictures } from './reference.ts';
import { leastRegion } from './regions.ts';
import type { EvaluationReference, MotionClass, SeenWord, ShotReport, Span } from './report.ts';
import type { SampledShot } from './sample.ts';
import type { Signals } from './signals.ts';
import { cosine, summariseSimilarity } from './similarity.ts';
import { mean, median, rounded } from './statistics.ts';

/** Frames that are compared with the reference part by part; of them so many are named. */
const COMPARED_FRAMES = 5;
const NAMED_FRAMES = 3;
const NAMED_WORDS = 5;

export interface LookedAtFrame {
  timeSeconds: number;
  image: RawImage;
  /** Absent in shots without a reference that frames should show. */
  similarity?: number;
  /** Cosine of the embedder's colour block with the best view; absent where the embedder has none. */
  colour?: number;
  /** Beside the part of the reference that it shows, of the frames that are compared part by part. */
  part?: ComparedPart;
}

/** Each as the field of `ShotReport` with the same name, of one frame. */
export interface ComparedPart {
  regionAgreement?: number;
  detail: number;
  tint: number;
  colourShift: number;
  exposure: number;
  sharpnessRatio?: number;
}

export interface MeasuredShot {
  report: ShotReport;
  frames: LookedAtFrame[];
  /** The reference that the frames resemble most. */
  reference?: EvaluationReference;
  /** The frames as the model sees them, and the references that they should show. */
  seen?: { frames: SeenPicture[]; references: ShotMaterial['references'] };
}

export interface ShotMaterial {
  sampled: SampledShot;
  /** One decoded frame for each of `sampled.timesSeconds`. */
  images: RawImage[];
  references: { reference: EvaluationReference; views: ReferenceViews }[];
  signals: Signals;
  expectedMotion: MotionClass | undefined;
  expectedCamera?: string | undefined;
  /** Called once it is known how similar the frames are to which reference, before they are compared part by part. */
  onLooked?: ((shot: MeasuredShot) => void) | undefined;
}

type Vision = Pick<Ports, 'embedder' | 'recogniser' | 'images'>;

/** Measures one shot; references with the role `style` are not something that frames should show, so they are left out. */
export async function measureShot(ports: Vision, material: ShotMaterial, options: CallOptions): Promise<MeasuredShot> {
  const { sampled, images, signals } = material;
  const pixels = summarisePixels(signals, sampled.fromSeconds, sampled.toSeconds);
  const shown = material.references.filter(({ reference }) => reference.role !== 'style');
  const frames: LookedAtFrame[] = images.map((image, i) => ({ image, timeSeconds: sampled.timesSeconds[i] }));
  const report = pixelReport(sampled, pixels);
  if (material.expectedMotion) report.expectedMotion = material.expectedMotion;
  if (material.expectedCamera) report.expectedCamera = material.expectedCamera;
  if (material.references.length === 0) return { report, frames };
  const seen = await seePictures(ports.embedder, images, options);
  Object.assign(report, styleReport(material.references, seen));
  if (shown.length === 0) return { report, frames };
  const perReference = shown.map(({ reference, views }) => ({ reference, matches: seen.map((frame) => matchFrame(frame, views)) }));
  const best = images.map((_, i) => perReference.map(({ matches }) => matches[i]).reduce((high, match) => (match.similarity > high.similarity ? match : high)));
  frames.forEach((frame, i) => {
    const { similarity, colour } = best[i];
    frame.similarity = rounded(similarity, 3);
    if (colour !== undefined) frame.colour = rounded(colour, 3);
  });
  report.references = perReference.map(({ reference, matches }) => ({ assetId: reference.assetId, role: reference.role, ...spread(matches) }));
  const closest = perReference.reduce((high, one) => (spread(one.matches).mean > spread(high.matches).mean ? one : high)).reference;
  report.similarity = similarityReport(ports, frames, best);
  material.onLooked?.({ report, frames, reference: closest });
  const matches = perReference.find(({ reference }) => reference === closest)?.matches ?? best;
  const chosen = comparedIndices(best);
  const compared = await compareFrames(ports, images, { image: closest.image, matches }, chosen, options);
  Object.assign(report, appearanceReport(best, compared), regionsReport(frames, compared));
  for (const one of compared) frames[one.index].part = comparedPart(one);
  const named = pick(chosen, NAMED_FRAMES).map((i) => images[i]);
  report.seen = { reference: await nameContents(ports, [closest.image], options), clip: await nameContents(ports, named, options) };
  return { report, frames, reference: closest, seen: { frames: seen, references: shown } };
}

/** The first, middle and last frame, and the most similar ones: 5 in all. */
function comparedIndices(matches: readonly FrameMatch[]): number[] {
  const last = matches.length - 1;
  const order = matches.map((_, i) => i).sort((a, b) => matches[b].similarity - matches[a].similarity);
  return [...new Set([0, Math.round(last / 2), last, ...order])].slice(0, COMPARED_FRAMES).sort((a, b) => a - b);
}

function pixelReport(sampled: SampledShot, pixels: PixelSummary): ShotReport {
  const { longestFreeze: freeze, blank, flickering } = pixels;
  return {
    ...{ index: sampled.index, fromSeconds: rounded(sampled.fromSeconds, 3), toSeconds: rounded(sampled.toSeconds, 3), references: [] },
    ...{ motion: { top5Percent: rounded(pixels.motion, 2), class: pixels.motionClass }, camera: pixels.camera },
    ...{ frozenShare: rounded(pixels.frozenShare, 3), longestFreezeSeconds: rounded(lengthOf(freeze), 2), ...(freeze ? { freeze: roundedSpan(freeze) } : {}) },
    ...{ blackShare: rounded(pixels.blackShare, 3), blankShare: rounded(pixels.blankShare, 3), ...(blank ? { blank: roundedSpan(blank) } : {}) },
    ...{ repeatedShare: rounded(pixels.repeatedShare, 3), flicker: rounded(pixels.flicker, 3), ...(flickering ? { flickering: roundedSpan(flickering) } : {}) },
    ...(pixels.loop ? { loop: { periodSeconds: rounded(pixels.loop.periodSeconds, 2), ...roundedSpan(pixels.loop) } } : {}),
    cuts: pixels.cuts.map((time) => rounded(time, 2)),
  };
}

const roundedSpan = ({ fromSeconds, toSeconds }: Span): Span => ({ fromSeconds: rounded(fromSeconds, 2), toSeconds: rounded(toSeconds, 2) });

function similarityReport(ports: Vision, frames: readonly LookedAtFrame[], best: readonly FrameMatch[]): ShotReport['similarity'] {
  const statistics = summariseSimilarity(frames.map(({ timeSeconds }, i) => ({ timeSeconds, similarity: best[i].similarity })));
  const short = Object.fromEntries(Object.entries(statistics).map(([name, value]) => [name, rounded(value, 3)])) as typeof statistics;
  return { embedderId: ports.embedder.id, block: ports.embedder.blocks?.[MODEL_BLOCK] ? MODEL_BLOCK : 'whole', ...short };
}

function spread(matches: readonly FrameMatch[]): { mean: number; max: number } {
  const values = matches.map((match) => match.similarity);
  return { mean: rounded(mean(values), 3), max: rounded(Math.max(...values), 3) };
}

/** Colours and fine detail beside the part of the reference that each compared frame shows; of what lasts through a clip the best frame counts. */
function appearanceReport(matches: readonly FrameMatch[], compared: readonly FrameComparison[]): Pick<ShotReport, 'colour' | 'sharpnessRatio'> {
  const colours = matches.flatMap((match) => (match.colour === undefined ? [] : [match.colour]));
  const ratios = compared.flatMap((one) => (one.sharpness === undefined ? [] : [one.sharpness]));
  const exposures = compared.map((one) => one.colour.exposure);
  const nearest = compared.reduce((low, one) => (one.colour.relativeTint < low.colour.relativeTint ? one : low)).colour;
  return {
    colour: {
      ...(colours.length ? { similarity: rounded(mean(colours), 3), best: rounded(Math.max(...colours), 4) } : {}),
      shift: rounded(median(compared.map((one) => one.colour.shift)), 1),
      ...{ tint: rounded(nearest.relativeTint, 4), exposure: rounded(nearest.exposure, 1) },
      exposureChange: rounded(Math.max(...exposures) - Math.min(...exposures), 1),
    },
    ...(ratios.length ? { sharpnessRatio: rounded(Math.max(...ratios), 3) } : {}),
  };
}

function comparedPart({ regions, detail, colour, sharpness }: FrameComparison): ComparedPart {
  return {
    ...(regions ? { regionAgreement: rounded(leastRegion(regions).agreement, 3) } : {}),
    detail: rounded(leastRegion(detail).agreement, 3),
    ...{ tint: rounded(colour.relativeTint, 3), colourShift: rounded(colour.shift, 1), exposure: rounded(colour.exposure, 1) },
    ...(sharpness === undefined ? {} : { sharpnessRatio: rounded(sharpness, 3) }),
  };
}

/** Palette and layout beside those of the references that are there for the style alone. */
function styleReport(references: ShotMaterial['references'], frames: readonly SeenPicture[]): Pick<ShotReport, 'style'> {
  const styles = references.filter(({ reference }) => reference.role === 'style');
  const palettes = styles.flatMap(({ reference, views }) => {
    const wanted = views.views[0].colour;
    const cosines = frames.flatMap((frame) => (wanted && frame.colour ? [cosine(frame.colour, wanted)] : []));
    return cosines.length > 0 ? [{ assetId: reference.assetId, palette: rounded(mean(cosines), 3) }] : [];
  });
  return palettes.length > 0 ? { style: palettes } : {};
}

function regionsReport(frames: readonly LookedAtFrame[], compared: readonly FrameComparison[]): Pick<ShotReport, 'regions'> {
  const least = compared.flatMap((one) => (one.regions ? [{ index: one.index, ...leastRegion(one.regions) }] : []));
  if (least.length === 0) return {};
  const best = least.reduce((high, one) => (one.agreement > high.agreement ? one : high));
  const subjects = compared.flatMap((one) => (one.subject === undefined ? [] : [one.subject]));
  return {
    regions: {
      ...{ agreement: rounded(best.agreement, 4), box: best.box, atSeconds: rounded(frames[best.index].timeSeconds, 2) },
      whole: rounded(Math.max(...compared.flatMap((one) => (one.regions ? [mean([...one.regions.data])] : []))), 4),
      detail: rounded(Math.max(...compared.map((one) => leastRegion(one.detail).agreement)), 4),
      ...(subjects.length ? { subject: rounded(mean(subjects), 3) } : {}),
    },
  };
}

/** What the model sees in pictures, each word with its highest probability among them. */
async function nameContents(ports: Vision, images: RawImage[], options: CallOptions): Promise<SeenWord[]> {
  const words = new Map<string, number>();
  for (const seen of await ports.recogniser.recognise(images, options)) {
    for (const { word, probability } of await ports.recogniser.describe(seen, { limit: NAMED_WORDS })) {
      words.set(word, Math.max(words.get(word) ?? 0, rounded(probability, 3)));
    }
  }
  const named = Array.from(words, ([word, probability]) => ({ word, probability }));
  return named.sort((a, b) => b.probability - a.probability).slice(0, NAMED_WORDS);
}

function pick<T>(items: readonly T[], count: number): T[] {
  return indices(items.length, count).map((i) => items[i]);
}

/** At most `count` indices spread over `length` items, first and last included. */
function indices(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / (count - 1)));
}
