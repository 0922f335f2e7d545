import type { RawImage } from '../ports/pictures.ts';
import type { CallOptions, Ports } from '../ports.ts';
import { colourShift, sharpness } from './appearance.ts';
import { compareFrames } from './compare.ts';
import { lengthOf, type PixelSummary, summarisePixels } from './pixels.ts';
import { type FrameMatch, MODEL_BLOCK, matchFrame, type ReferenceViews, seePictures } from './reference.ts';
import type { EvaluationReference, MotionClass, SeenWord, ShotReport } from './report.ts';
import type { SampledShot } from './sample.ts';
import type { Signals } from './signals.ts';
import { summariseSimilarity } from './similarity.ts';
import { mean, median, rounded } from './statistics.ts';

/** Frames whose pixels are compared with the reference's, and whose contents are named. */
const COMPARED_FRAMES = 6;
const NAMED_FRAMES = 3;
const NAMED_WORDS = 5;

export interface LookedAtFrame {
  timeSeconds: number;
  image: RawImage;
  /** Absent in shots without a reference that frames should show. */
  similarity?: number;
}

export interface MeasuredShot {
  report: ShotReport;
  frames: LookedAtFrame[];
  /** The reference that the frames resemble most. */
  reference?: EvaluationReference;
}

export interface ShotMaterial {
  sampled: SampledShot;
  /** One decoded frame for each of `sampled.timesSeconds`. */
  images: RawImage[];
  references: { reference: EvaluationReference; views: ReferenceViews }[];
  signals: Signals;
  expectedMotion: MotionClass | undefined;
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
  if (shown.length === 0) return { report, frames };
  const seen = await seePictures(ports.embedder, images, options);
  const perReference = shown.map(({ reference, views }) => ({ reference, matches: seen.map((frame) => matchFrame(frame, views)) }));
  const best = images.map((_, i) => perReference.map(({ matches }) => matches[i]).reduce((high, match) => (match.similarity > high.similarity ? match : high)));
  frames.forEach((frame, i) => {
    frame.similarity = rounded(best[i].similarity, 3);
  });
  report.references = perReference.map(({ reference, matches }) => ({ assetId: reference.assetId, role: reference.role, ...spread(matches) }));
  const closest = perReference.reduce((high, one) => (spread(one.matches).mean > spread(high.matches).mean ? one : high)).reference;
  report.similarity = similarityReport(ports, frames, best);
  const closestMatches = perReference.find(({ reference }) => reference === closest)?.matches ?? best;
  const compared = await compareFrames(ports, images, { image: closest.image, matches: closestMatches }, comparedIndices(best), options);
  Object.assign(report, await compareAppearance(ports, images, best));
  if (process.env.EYE_DEBUG) (report as any).blankShare = pixels.blankShare;
  if (process.env.EYE_DEBUG) (report as any).debug = compared.map((one) => ({ ...one, regions: Array.from(one.regions.data, (v) => rounded(v, 3)), detail: Array.from(one.detail.data, (v) => rounded(v, 3)) }));
  report.seen = { reference: await nameContents(ports, [closest.image], options), clip: await nameContents(ports, pick(images, NAMED_FRAMES), options) };
  return { report, frames, reference: closest };
}

/** The first, middle and last frame, and the most similar ones: 5 in all. */
function comparedIndices(matches: readonly FrameMatch[]): number[] {
  const last = matches.length - 1;
  const order = matches.map((_, i) => i).sort((a, b) => matches[b].similarity - matches[a].similarity);
  return [...new Set([0, Math.round(last / 2), last, ...order])].slice(0, FRAMES_COMPARED).sort((a, b) => a - b);
}

const FRAMES_COMPARED = 5;

function pixelReport(sampled: SampledShot, pixels: PixelSummary): ShotReport {
  return {
    ...{ index: sampled.index, fromSeconds: rounded(sampled.fromSeconds, 3), toSeconds: rounded(sampled.toSeconds, 3), references: [] },
    motion: { top5Percent: rounded(pixels.motion, 2), class: pixels.motionClass },
    ...{ frozenShare: rounded(pixels.frozenShare, 3), longestFreezeSeconds: rounded(lengthOf(pixels.longestFreeze), 2) },
    ...{ blackShare: rounded(pixels.blackShare, 3), flicker: rounded(pixels.flicker, 2), cuts: pixels.cuts.map((time) => rounded(time, 2)) },
  };
}

function similarityReport(ports: Vision, frames: readonly LookedAtFrame[], best: readonly FrameMatch[]): ShotReport['similarity'] {
  const statistics = summariseSimilarity(frames.map(({ timeSeconds }, i) => ({ timeSeconds, similarity: best[i].similarity })));
  const short = Object.fromEntries(Object.entries(statistics).map(([name, value]) => [name, rounded(value, 3)])) as typeof statistics;
  return { embedderId: ports.embedder.id, block: ports.embedder.blocks?.[MODEL_BLOCK] ? MODEL_BLOCK : 'whole', ...short };
}

function spread(matches: readonly FrameMatch[]): { mean: number; max: number } {
  const values = matches.map((match) => match.similarity);
  return { mean: rounded(mean(values), 3), max: rounded(Math.max(...values), 3) };
}

/** Colours and fine detail of some frames against the view of the reference that each resembles most, both scaled to the smaller of the two. */
async function compareAppearance(ports: Vision, images: RawImage[], best: readonly FrameMatch[]): Promise<Pick<ShotReport, 'colour' | 'sharpnessRatio'>> {
  const colours = best.flatMap((match) => (match.colour === undefined ? [] : [match.colour]));
  const shifts: number[] = [];
  const ratios: number[] = [];
  for (const i of indices(images.length, COMPARED_FRAMES)) {
    const view = best[i].view.image;
    const size = { width: Math.min(images[i].width, view.width), height: Math.min(images[i].height, view.height), fit: 'cover' as const };
    const [frame, reference] = await Promise.all([ports.images.resize(images[i], size), ports.images.resize(view, size)]);
    shifts.push(colourShift(frame, reference));
    const detail = sharpness(reference);
    if (detail > 0) ratios.push(sharpness(frame) / detail);
  }
  return {
    colour: { ...(colours.length ? { similarity: rounded(mean(colours), 3) } : {}), shift: rounded(median(shifts), 1) },
    ...(ratios.length ? { sharpnessRatio: rounded(median(ratios), 2) } : {}),
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
