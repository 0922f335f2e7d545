import { AppError } from '../errors.ts';
import type { FileBytes, RawImage, VideoInfo } from '../ports/pictures.ts';
import type { CallOptions, Ports } from '../ports.ts';
import { advise } from './advice.ts';
import { SIGNAL_SIDE } from './block-search.ts';
import { snapBorders } from './borders.ts';
import { loadCalibration } from './calibration.ts';
import { shotChecks } from './checks.ts';
import { conformanceChecks, describeConformance } from './conformance.ts';
import { drawEvidence } from './evidence.ts';
import { frameSeries } from './frame-series.ts';
import { withoutBars } from './letterbox.ts';
import { orderChecks } from './order.ts';
import { REFERENCE_VIEWS, type ReferenceViews, seeReference } from './reference.ts';
import type { Check, Evaluation, EvaluationReference, EvaluationRequest, SeriesPoint } from './report.ts';
import { type SampledShot, sampleShots } from './sample.ts';
import { type MeasuredShot, measureShot } from './shot.ts';
import { collectSignals, type Signals } from './signals.ts';
import { rounded } from './statistics.ts';
import { compareSubjects, subjectChecks } from './subjects.ts';
import { overallVerdict, summarise } from './verdict.ts';

export type QualityPorts = Pick<Ports, 'images' | 'media' | 'embedder' | 'recogniser' | 'calibrationFile'>;

export interface EvaluateOptions extends CallOptions {
  /** Called with 0..1 as work goes on. */
  onProgress?: (fraction: number) => void;
}

/** Frames are looked at with a short side of this, which the model's 224 px view is taken from, and a long side of at most 1024 px. */
const SHORT_SIDE = 288;
const LONG_SIDE = 1024;

/**
 * Measures a clip against the references of its shots. INVALID_INPUT without shots, INVALID_MEDIA where the file is no video or holds no
 * frame that decodes; a clip that breaks off comes back as a report whose check `decode` fails. CANCELLED by the signal.
 * MISCONFIGURED where the user's own cut points cannot be used.
 */
export async function evaluateClip(ports: QualityPorts, request: EvaluationRequest, options: EvaluateOptions = {}): Promise<Evaluation> {
  const { onProgress = () => undefined, ...call } = options;
  if (request.shots.length === 0) throw new AppError('INVALID_INPUT', 'There is no shot to evaluate.', { hint: 'Give at least one shot with its times.' });
  const info = await ports.media.probe(request.path, call);
  const guess = sampleShots(request.shots, info).flatMap((shot) => shot.timesSeconds);
  const references = beginReferences(ports, request, info, call);
  const scan = await scanClip(ports, request.path, { info, timesSeconds: guess }, call, (fraction) => onProgress(0.3 * fraction));
  const facts = describeConformance(info, scan);
  const borders = snapBorders(request.shots, scan.signals.cuts, info.fps);
  const sampled = sampleShots(borders, { durationSeconds: Math.min(info.durationSeconds, scan.signals.lastSeconds + 1 / info.fps), fps: info.fps });
  const timesSeconds = sampled.flatMap((shot) => shot.timesSeconds);
  const same = timesSeconds.length === guess.length && timesSeconds.every((time, i) => Math.abs(time - guess[i]) < SAME_FRAME / info.fps);
  const images = same ? scan.looks : await lookAt(ports, request.path, info, timesSeconds, call);
  // Which rows the sheet of one shot has does not depend on its checks, so it is drawn while the frames are compared.
  let early: Promise<FileBytes> | undefined;
  const onLooked = (shot: MeasuredShot) => {
    if (request.shots.length > 1) return;
    early = drawEvidence(ports.images, [shot], []);
    early.catch(() => undefined);
  };
  const material = { info, sampled, signals: scan.signals, images: withoutBars(images), references, onLooked };
  const shots = await measureShots(ports, request, material, call, (fraction) => onProgress(0.3 + 0.65 * fraction));
  const expect = request.expect ?? {};
  const subjects = await compareSubjects(ports, shots, call);
  const calibrations = await loadCalibration(ports.embedder.id, REFERENCE_VIEWS, ports.calibrationFile);
  const missing = sampled.filter((shot) => shot.timesSeconds.length === 0).map((shot) => missingShot(shot.index, facts.durationSeconds));
  const checks = [
    ...conformanceChecks(facts, expect),
    ...missing,
    ...shots.flatMap((shot) => shotChecks(shot.report, calibrations, expect.styleChange)),
    ...orderChecks(shots, calibrations),
    ...subjectChecks(subjects),
  ];
  const verdict = overallVerdict(checks);
  const reports = shots.map((shot) => shot.report);
  const evidence = await (early ?? drawEvidence(ports.images, shots, checks));
  onProgress(1);
  const advice = advise(checks, reports, facts);
  return {
    verdict,
    summary: summarise(verdict, checks, advice),
    conformance: facts,
    shots: reports,
    ...(subjects.length > 0 ? { subjects } : {}),
    checks,
    series: seriesOf(shots, scan.signals),
    advice,
    evidence,
    frameSeries: frameSeries(shots, scan.signals),
  };
}

/** Times closer than this part of a frame show the same one. */
const SAME_FRAME = 0.25;

/** One pass over every frame, small and grey, for the pixel checks; the frames that are looked at come with it. */
async function scanClip(
  ports: QualityPorts,
  path: string,
  { info, timesSeconds }: { info: VideoInfo; timesSeconds: number[] },
  call: CallOptions,
  onProgress: (fraction: number) => void,
) {
  const collector = collectSignals();
  const size = { width: SIGNAL_SIDE, height: SIGNAL_SIDE, format: 'gray' as const };
  const found: RawImage[] = [];
  const onLook = (index: number, image: RawImage) => {
    found[index] = image;
  };
  const looks = { timesSeconds, maxSide: lookSide(info), onLook };
  const result = await ports.media.scan(path, { ...size, ...(timesSeconds.length > 0 ? { looks } : {}), ...call }, (frame) => {
    collector.add(frame.timeSeconds, frame.image.data);
    if (frame.index % 24 === 0) onProgress(Math.min(1, frame.index / Math.max(1, info.frames)));
  });
  if (result.frames === 0) throw new AppError('INVALID_MEDIA', 'The video holds no frame that can be decoded.', { hint: 'Fetch or export the file again.' });
  return { ...result, signals: collector.finish(), looks: found };
}

interface ClipMaterial {
  info: VideoInfo;
  sampled: SampledShot[];
  signals: Signals;
  /** One for each of the sampled times. */
  images: RawImage[];
  references: KnownReferences;
  onLooked: (shot: MeasuredShot) => void;
}

/** Views by asset id. */
type KnownReferences = Map<string, Promise<ReferenceViews>>;

/** The model looks at the references while the clip is decoded; who needs one waits for it, and hears of its failure. */
function beginReferences(ports: QualityPorts, { shots }: EvaluationRequest, info: VideoInfo, call: CallOptions): KnownReferences {
  const known: KnownReferences = new Map();
  for (const { assetId, image } of shots.flatMap((shot) => shot.references)) {
    if (known.has(assetId)) continue;
    const views = seeReference(ports.embedder, image, info.width / info.height, call);
    views.catch(() => undefined);
    known.set(assetId, views);
  }
  return known;
}

async function measureShots(ports: QualityPorts, request: EvaluationRequest, clip: ClipMaterial, call: CallOptions, onProgress: (fraction: number) => void) {
  const { info, signals, images } = clip;
  const present = clip.sampled.filter((shot) => shot.timesSeconds.length > 0);
  if (present.length === 0) throw new AppError('INVALID_INPUT', `Every shot lies beyond the end of the clip (${rounded(info.durationSeconds, 2)} s).`);
  const measured: MeasuredShot[] = [];
  let used = 0;
  for (const sampled of present) {
    const asked = request.shots[sampled.index];
    const references = await seeReferences(asked.references, clip.references);
    const own = images.slice(used, used + sampled.timesSeconds.length);
    const expectedMotion = asked.expectMotion ?? request.expect?.motion;
    const shot = await measureShot(
      ports,
      { sampled, images: own, references, signals, expectedMotion, expectedCamera: asked.expectCamera, onLooked: clip.onLooked },
      call,
    );
    const collection = await request.byCollection?.(own, asked, call);
    if (collection) shot.report.collection = collection;
    measured.push(shot);
    used += own.length;
    onProgress(used / images.length);
  }
  return measured;
}

/** The frames at the given times, large enough for the model. */
export function lookAt(
  ports: Pick<Ports, 'media'>,
  path: string,
  info: Pick<VideoInfo, 'width' | 'height'>,
  timesSeconds: number[],
  call: CallOptions,
): Promise<RawImage[]> {
  return ports.media.frames(path, timesSeconds, { maxSide: lookSide(info), ...call });
}

function lookSide({ width, height }: Pick<VideoInfo, 'width' | 'height'>): number {
  return Math.min(LONG_SIDE, Math.round((SHORT_SIDE * Math.max(width, height)) / Math.min(width, height)));
}

/** The references with their views. */
function seeReferences(references: EvaluationReference[], known: KnownReferences) {
  return Promise.all(references.map(async (reference) => ({ reference, views: await (known.get(reference.assetId) as Promise<ReferenceViews>) })));
}

function missingShot(index: number, durationSeconds: number): Check {
  const finding = `Shot ${index + 1} is missing: the clip ends at ${durationSeconds} s, before the shot begins.`;
  return { id: 'shot', shot: index, verdict: 'fail', value: 0, unit: 's', finding };
}

function seriesOf(shots: readonly MeasuredShot[], signals: Signals): SeriesPoint[] {
  return shots.flatMap(({ report, frames }) =>
    frames.map(({ timeSeconds, similarity }) => ({
      ...{ timeSeconds: rounded(timeSeconds, 3), shot: report.index },
      ...(similarity === undefined ? {} : { similarity }),
      motion: rounded(motionAt(signals, timeSeconds), 2),
    })),
  );
}

function motionAt(signals: Signals, timeSeconds: number): number {
  return signals.steps.find((step) => step.toSeconds >= timeSeconds)?.motion ?? signals.steps.at(-1)?.motion ?? 0;
}
