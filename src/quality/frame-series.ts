import { SIGNAL_SIDE } from './block-search.ts';
import type { ComparedPart, LookedAtFrame, MeasuredShot } from './shot.ts';
import type { Signals } from './signals.ts';
import { mean, rounded } from './statistics.ts';

/** One value for each entry; `null` where there is none. */
type Column = (number | null)[];

/** Every measure over time, for plotting: columns of the same length beside a column `timeSeconds`. Under 120 kB as JSON, however long the clip is. */
export interface FrameSeries {
  /** What each column is: unit and range, or statistic. */
  units: Readonly<Record<string, string>>;
  /** Decoded frames of the clip, and how many neighbours an entry of `frames` and of `steps` stands for: 1 where each has its own. */
  framesInClip: number;
  framesPerEntry: number;
  stepsPerEntry: number;
  /** Every decoded frame. */
  frames: Readonly<Record<string, Column>>;
  /** Pairs of frames 1/8 s apart, by the later one's time. */
  steps: Readonly<Record<string, Column>>;
  /** The frames that the model looked at. */
  looks: Readonly<Record<string, Column>>;
  /** Times of hard cuts, borders of shots among them; at most 1,000. */
  cutsSeconds: number[];
}

/** Entries of `frames`, of `steps` and of `cutsSeconds`: 41 s at 24 frames a second, 125 s of steps. */
const MOST_ENTRIES = 1000;

const UNITS: FrameSeries['units'] = {
  timeSeconds: 's, shown time of the frame; of several in one entry, the first',
  shot: 'number from 1; null between shots',
  brightness: 'mean luma 0..255, mean over the entry',
  change: 'mean absolute luma difference to the frame before, 0..255, mean over the entry',
  flicker: 'jitter of brightness, percent, most in the entry; null beside a cut',
  black: 'share of the entry, 0..1: at least 98 % of the pixels under 10 % brightness',
  blank: 'share of the entry, 0..1: frames of one colour',
  repeated: 'share of the entry, 0..1: frames that repeat the one before',
  motion: 'px per 1/8 s at 128 px, longest 5 % of block movements, most in the entry',
  frozen: 'share of the entry, 0..1: steps in which nothing moves',
  right: "camera, share of the picture's width in one step, mean over the entry",
  down: "camera, share of the picture's height in one step, mean over the entry",
  zoom: 'camera, growth of the picture in one step, share, mean over the entry',
  roll: 'camera, degrees clockwise in one step, mean over the entry',
  similarity: 'cosine to the reference, best view, -1..1',
  colour: "cosine of the embedder's colour block, -1..1",
  regionAgreement: 'agreement of the least alike region, -1..1; of five frames a shot',
  detail: 'correlation of fine detail of the least alike patch, -1..1; of five frames a shot',
  tint: 'change of hue and chroma in relation to the chroma; of five frames a shot',
  colourShift: 'distance of the mean colours, OKLab x 100; of five frames a shot',
  exposure: "lightness less the reference's, OKLab x 100; of five frames a shot",
  sharpnessRatio: "fine detail over the reference's; of five frames a shot",
};

/** The series of a clip. */
export function frameSeries(shots: readonly MeasuredShot[], signals: Signals): FrameSeries {
  const framesPerEntry = Math.ceil(signals.levels.length / MOST_ENTRIES) || 1;
  const stepsPerEntry = Math.ceil(signals.steps.length / MOST_ENTRIES) || 1;
  return {
    ...{ units: UNITS, framesInClip: signals.frames, framesPerEntry, stepsPerEntry },
    frames: frameColumns(shots, signals, framesPerEntry),
    steps: stepColumns(signals, stepsPerEntry),
    looks: lookColumns(shots),
    cutsSeconds: signals.cuts.slice(0, MOST_ENTRIES).map((time) => rounded(time, 3)),
  };
}

function frameColumns(shots: readonly MeasuredShot[], { levels, black, blank, repeated, flicker }: Signals, perEntry: number): FrameSeries['frames'] {
  const jitter = new Map(flicker.map(({ timeSeconds, value }) => [timeSeconds, value]));
  const entries = grouped(levels, perEntry);
  const repeats = [false, ...repeated.map((frame) => frame.repeated)];
  const shares = (flags: boolean[]) => grouped(flags, perEntry).map((entry) => rounded(mean(entry.map(Number)), 3));
  return {
    timeSeconds: entries.map(([first]) => rounded(first.timeSeconds, 3)),
    shot: entries.map(([first]) => shotAt(shots, first.timeSeconds)),
    brightness: entries.map((entry) => rounded(mean(entry.map((frame) => frame.brightness)), 1)),
    change: entries.map((entry) => rounded(mean(entry.map((frame) => frame.difference)), 2)),
    flicker: entries.map((entry) => {
      const values = entry.flatMap(({ timeSeconds }) => jitter.get(timeSeconds) ?? []);
      return values.length > 0 ? rounded(Math.max(...values), 2) : null;
    }),
    black: shares(black.map((frame) => frame.black)),
    blank: shares(blank.map((frame) => frame.blank)),
    repeated: shares(repeats),
  };
}

function stepColumns({ steps }: Signals, perEntry: number): FrameSeries['steps'] {
  const entries = grouped(steps, perEntry);
  const over = (value: (step: Signals['steps'][number]) => number, digits: number) => entries.map((entry) => rounded(mean(entry.map(value)), digits));
  return {
    timeSeconds: entries.map(([first]) => rounded(first.toSeconds, 3)),
    motion: entries.map((entry) => rounded(Math.max(...entry.map((step) => step.motion)), 2)),
    frozen: over(({ frozen }) => Number(frozen), 3),
    // The camera goes against the picture: what it shows moves left where it goes right.
    right: over(({ camera }) => -camera.dx / SIGNAL_SIDE, 4),
    down: over(({ camera }) => -camera.dy / SIGNAL_SIDE, 4),
    zoom: over(({ camera }) => camera.growth, 4),
    roll: over(({ camera }) => (-camera.turn * 180) / Math.PI, 2),
  };
}

const PARTS = ['regionAgreement', 'detail', 'tint', 'colourShift', 'exposure', 'sharpnessRatio'] as const satisfies readonly (keyof ComparedPart)[];

function lookColumns(shots: readonly MeasuredShot[]): FrameSeries['looks'] {
  const looks = shots.flatMap(({ report, frames }) => frames.map((frame) => ({ shot: report.index + 1, frame })));
  const column = (value: (frame: LookedAtFrame) => number | undefined): Column => looks.map(({ frame }) => value(frame) ?? null);
  return {
    timeSeconds: column(({ timeSeconds }) => rounded(timeSeconds, 3)),
    shot: looks.map(({ shot }) => shot),
    similarity: column(({ similarity }) => similarity),
    colour: column(({ colour }) => colour),
    ...Object.fromEntries(PARTS.map((name) => [name, column(({ part }) => part?.[name])])),
  };
}

function grouped<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function shotAt(shots: readonly MeasuredShot[], timeSeconds: number): number | null {
  const shot = shots.find(({ report }) => timeSeconds >= report.fromSeconds - 0.001 && timeSeconds < report.toSeconds);
  return shot ? shot.report.index + 1 : null;
}
