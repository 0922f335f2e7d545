import type { ShotReport, Span } from './report.ts';

/** One measure of a shot that is judged by itself. */
export interface Gate {
  /** Id of its check. */
  id: string;
  /** What the score is, for people: unit and statistic. */
  unit: string;
  /** Which scores are good ones. */
  better: 'higher' | 'lower';
  /** Kinds of defects that it is there to find: its populations are reported, and its fail point chosen, with these. */
  against: readonly string[];
  /** Scores depend on the embedder or the recogniser; the others are the same everywhere. */
  needsModel: boolean;
  /** `undefined` where it could not be measured. */
  score(shot: ShotReport): number | undefined;
  /** Where in the clip it is at its worst; absent: all through. */
  span?(shot: ShotReport): Span | undefined;
}

/** Every calibrated gate. What they measure may only change together with their calibration. */
export const GATES: readonly Gate[] = [
  {
    ...{ id: 'reference', unit: 'cosine, mean over frames', better: 'higher', needsModel: true },
    against: ['wrongReference'],
    score: (shot) => shot.similarity?.mean,
  },
  {
    ...{ id: 'likeness', unit: 'cosine, most similar frame', better: 'higher', needsModel: true },
    against: ['style', 'objectSwap', 'attributeSwap', 'objectSwapReal', 'attributeSwapReal'],
    score: (shot) => shot.similarity?.max,
  },
  {
    ...{ id: 'drift', unit: 'part of the best similarity that the last frames lost', better: 'lower', needsModel: true },
    against: ['driftFade', 'driftMorph'],
    score: (shot) => shot.similarity?.fall,
    span: (shot) => shot.similarity && { fromSeconds: shot.similarity.fallFromSeconds, toSeconds: shot.toSeconds },
  },
  {
    ...{ id: 'regions', unit: 'agreement of the least alike region, best frame', better: 'higher', needsModel: true },
    against: ['objectSwap', 'attributeSwap', 'objectSwapReal', 'attributeSwapReal', 'style'],
    score: (shot) => shot.regions?.agreement,
  },
  {
    ...{ id: 'rendering', unit: 'agreement of all regions, mean over the picture, best frame', better: 'higher', needsModel: true },
    against: ['restyled', 'style'],
    score: (shot) => shot.regions?.whole,
  },
  {
    ...{ id: 'detail', unit: 'correlation of the least alike patch, best frame', better: 'higher', needsModel: true },
    against: ['objectSwap', 'attributeSwap', 'logo'],
    score: (shot) => shot.regions?.detail,
  },
  {
    ...{ id: 'colour', unit: 'cosine of colours and layout, best frame', better: 'higher', needsModel: true },
    against: ['hue30', 'hue120', 'saturation0'],
    score: (shot) => shot.colour?.best,
  },
  {
    ...{ id: 'tint', unit: 'change of hue and chroma in relation to the chroma, best frame', better: 'lower', needsModel: true },
    against: ['hue30', 'hue120', 'saturation0'],
    score: (shot) => shot.colour?.tint,
  },
  {
    ...{ id: 'sharpness', unit: 'fine detail in relation to the reference, sharpest frame', better: 'higher', needsModel: true },
    against: ['blur2', 'blur4'],
    score: (shot) => shot.sharpnessRatio,
  },
  {
    ...{ id: 'freeze', unit: 'share of 1/8 s steps in which nothing moves', better: 'lower', needsModel: false },
    against: ['freezeHalf', 'freezeAll'],
    score: (shot) => (shot.expectedMotion === 'static' ? undefined : shot.frozenShare),
    span: (shot) => shot.freeze,
  },
  {
    ...{ id: 'blank', unit: 'share of frames of one colour', better: 'lower', needsModel: false },
    against: ['burst'],
    score: (shot) => shot.blankShare,
    span: (shot) => shot.blank,
  },
  {
    ...{ id: 'flicker', unit: 'percent of brightness, worst 0.75 s', better: 'lower', needsModel: false },
    against: ['flicker2', 'flicker5', 'flicker10'],
    score: (shot) => shot.flicker,
    span: (shot) => shot.flickering,
  },
  {
    ...{ id: 'cuts', unit: 'cuts inside the shot', better: 'lower', needsModel: false },
    against: ['insertedCut'],
    score: (shot) => shot.cuts.length,
    span: (shot) => (shot.cuts.length > 0 ? { fromSeconds: shot.cuts[0], toSeconds: shot.cuts[shot.cuts.length - 1] } : undefined),
  },
];
