import type { Box, FileBytes, RawImage } from '../ports/pictures.ts';
import type { CameraMove, ReferenceRole } from '../ports/video.ts';
import type { CollectionView, ViewByCollection } from './collection-view.ts';
import type { Calibration } from './cut-points.ts';
import type { FrameSeries } from './frame-series.ts';
import type { SharedSubject } from './subjects.ts';

/**
 * What a check or a whole clip came to. `uncalibrated` means measured, but no cut point was ever calibrated for it:
 * the number stands without a judgement. `review` of such a check: it is beyond anything a good clip was measured to have.
 */
export type Verdict = 'pass' | 'review' | 'fail' | 'uncalibrated';

/** A stretch of time, seconds. */
export interface Span {
  fromSeconds: number;
  toSeconds: number;
}

/** What the camera did over a shot, as the picture shows it: shares of the picture's width (right, down: above 0), zoom factor (in: above 1), degrees clockwise. */
export interface CameraPath {
  right: number;
  down: number;
  zoom: number;
  roll: number;
  /** e.g. `pan right`, `zoom in`, `static`, `mixed`. */
  move: string;
}

export type MotionClass = 'static' | 'subtle' | 'moderate' | 'strong';

/** A reference of a shot, decoded: RGB, upright, longer side about 1024 px or less. */
export interface EvaluationReference {
  assetId: string;
  role: ReferenceRole;
  image: RawImage;
}

/** Part of the clip that was made from the same references; `endSeconds` is exclusive and cut to the clip's end. */
export interface EvaluationShot {
  startSeconds: number;
  endSeconds: number;
  references: EvaluationReference[];
  /** The motion that was asked of this shot, before `Expectation.motion`. */
  expectMotion?: MotionClass;
  /** The camera move that was asked of this shot, as the provider was told it. */
  expectCamera?: string;
  /** What the provider was told. */
  prompt?: string;
}

/** What was asked for; each field that is given becomes a check. */
export interface Expectation {
  motion?: MotionClass;
  /** Another look than the reference's was asked for: colour and style are measured but not judged. */
  styleChange?: boolean;
  durationSeconds?: number;
  width?: number;
  height?: number;
  fps?: number;
}

export interface EvaluationRequest {
  /** Absolute path of a local video file that the caller may read. */
  path: string;
  /** In order, one for a simple clip. */
  shots: EvaluationShot[];
  expect?: Expectation;
  /** Absent: no collection is asked. */
  byCollection?: ViewByCollection;
}

export interface Check {
  /** e.g. `reference`, `motion`, `duration`. */
  id: string;
  /** Index of the shot; absent: the whole clip. */
  shot?: number;
  verdict: Verdict;
  value: number | string;
  /** What the number is, e.g. `cosine, mean of 16 frames`. */
  unit: string;
  /** One sentence for people. */
  finding: string;
  /** Where the verdict turns: worse than `fail` it fails, as good as `pass` it passes. Exact facts have `expected` instead. */
  cutPoint?: { fail: number; pass: number; better: 'higher' | 'lower' };
  expected?: number | string;
  fromSeconds?: number;
  toSeconds?: number;
  calibration?: Calibration;
}

/** Cosine similarity, -1..1, of the clip's frames to the reference by one block of the embedder, best of the compared crops. */
export interface Similarity {
  embedderId: string;
  /** Slice of the vector that was compared, `whole` where the embedder names none. */
  block: string;
  frames: number;
  firstFrame: number;
  mean: number;
  /** Of the most similar frame. */
  max: number;
  p10: number;
  min: number;
  /** Time of the least similar frame. */
  minAtSeconds: number;
  lastQuarter: number;
  /** Mean of the first quarter less that of the last: above 0 the clip moves away from the reference. */
  drop: number;
  /** Which part of the best quarter's similarity the last three frames have lost (0: none), and when that began. */
  fall: number;
  fallFromSeconds: number;
}

export interface ShotReport {
  index: number;
  fromSeconds: number;
  toSeconds: number;
  references: { assetId: string; role: ReferenceRole; mean: number; max: number }[];
  /** Absent where the shot has no reference that its frames should show (none, or only `style`). */
  similarity?: Similarity;
  /** Colour as its own channel, since the model hardly sees it. */
  colour?: {
    /** Cosine of the embedder's colour block, mean over frames; absent where the embedder has none. */
    similarity?: number;
    /** Distance of the mean colours of frame and matched crop in OKLab x 100, median over frames (about 2 is just visible). */
    shift: number;
    /** Cosine of the embedder's colour block, most similar frame. */
    best?: number;
    /** Of the frame that is nearest: distance of hue and chroma cell by cell in relation to the chroma there (1: others altogether, or gone), and difference of lightness, OKLab x 100. */
    tint?: number;
    exposure?: number;
    /** Between the lightest and the darkest of the compared frames, each beside the part of the reference that it shows, OKLab lightness x 100. */
    exposureChange?: number;
  };
  /** Region by region beside the part of the reference that a frame shows, the best of some frames; absent where the recogniser is off. */
  regions?: {
    /** Agreement of the least alike region by the model's features, -1..1, and where in the frame it is. */
    agreement: number;
    box: Box;
    atSeconds: number;
    /** Agreement of all regions, their mean, -1..1: what is drawn otherwise everywhere, in another style, agrees nowhere much less than elsewhere. */
    whole: number;
    /** Correlation of fine detail of the least alike patch, -1..1. */
    detail: number;
    /** Cosine of subject with subject, mean over frames; absent where nothing stands out. */
    subject?: number;
  };
  /** Cosine of colours and layout to each `style` reference, mean over frames. */
  style?: { assetId: string; palette: number }[];
  /** Beside its reference's collection. */
  collection?: CollectionView;
  /** The camera move that was asked of it, and what the picture did over the shot. */
  expectedCamera?: string;
  camera?: CameraPath;
  /** The motion that was asked of it, where one was. */
  expectedMotion?: MotionClass;
  /** Mean length of the longest 5 % of block movements, px per 1/8 s in a 128 px picture, and the amount that this resembles. */
  motion: { top5Percent: number; class: MotionClass };
  /** Share of 1/8 s steps in which nothing moves, 0..1, and the longest run of them. */
  frozenShare: number;
  longestFreezeSeconds: number;
  /** Where nothing moves for longest. */
  freeze?: Span;
  /** Share of frames that are black, 0..1. */
  blackShare: number;
  /** Share of frames that show one colour only, 0..1, and where they are. */
  blankShare?: number;
  blank?: Span;
  /** Share of frames that repeat the one before, 0..1: stills, or a clip made at a lower rate than it says. */
  repeatedShare?: number;
  /** Where the shot shows again, frame for frame, what it showed one period before; absent: nowhere. */
  loop?: Span & { periodSeconds: number };
  /** Jitter of brightness, percent: the worst median of 0.75 s, and where that is. */
  flicker: number;
  flickering?: Span;
  /** Times of hard cuts inside the shot. */
  cuts: number[];
  /** Fine detail of the frames over that of the matched crop of the reference, median; 1 = as sharp. */
  sharpnessRatio?: number;
  /** What the vision model sees, with probabilities 0..1; computed, not written by a person. */
  seen?: { reference: SeenWord[]; clip: SeenWord[] };
}

export interface SeenWord {
  word: string;
  probability: number;
}

export interface Conformance {
  codec: string;
  pixelFormat: string;
  width: number;
  height: number;
  fps: number;
  durationSeconds: number;
  /** Frames that could be decoded, and what the container announces. */
  frames: number;
  announcedFrames: number;
  hasAudio: boolean;
  decodesToEnd: boolean;
}

/** One compared frame. `similarity` is absent in shots without a reference to compare with. */
export interface SeriesPoint {
  timeSeconds: number;
  shot: number;
  similarity?: number;
  /** As `ShotReport.motion.top5Percent`, around this time. */
  motion: number;
}

/** One edit of a shot's request; all fields that are given hold together. */
export interface ShotEdit {
  /** Times the present duration, above 0 and under 1. */
  durationFactor?: number;
  /** The camera move instead of the present one. */
  camera?: CameraMove;
  /** The camera move of a shot that names none, nor its prompt. */
  defaultCamera?: CameraMove;
  /** Words of this kind are taken out of the prompt. */
  removeWords?: 'motion' | 'stillness' | 'flashes' | 'fades' | 'scenes';
  /** A sentence that the prompt begins with. */
  lead?: string;
  /** Of the prompt only its first sentence. */
  firstSentenceOnly?: true;
  /** The first frame's reference is its last frame too. */
  addLastFrame?: true;
  /** Added to the seed. */
  seedPlus?: number;
}

/** One likely cause and the one change to try next. */
export interface Advice {
  /** The check it answers, and its shot. */
  check: string;
  shot?: number;
  cause: string;
  change: string;
  /** The change as edits of the shot's request, each to be tried alone, the likeliest first; absent where no edit of it helps. */
  edits?: ShotEdit[];
}

/** The quality report of one clip: separate checks, never blended into one number. */
export interface QualityReport {
  /** The worst of the checks that have a verdict; `uncalibrated` where no calibrated check could run. */
  verdict: Verdict;
  summary: string;
  conformance: Conformance;
  shots: ShotReport[];
  /** Subjects that several shots share; absent: none. */
  subjects?: SharedSubject[];
  checks: Check[];
  series: SeriesPoint[];
  advice: Advice[];
}

/** A report with its picture and series: `const { evidence, frameSeries, ...report } = evaluation` leaves the report. */
export interface Evaluation extends QualityReport {
  frameSeries: FrameSeries;
  /** Contact sheet, JPEG: the reference beside the first, the least similar and the last frame of each shot, or of the worst ones. */
  evidence: FileBytes;
}
