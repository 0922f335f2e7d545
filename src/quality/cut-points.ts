/** Summary of a population of clip scores; `q` are quantiles with linear interpolation (type 7 of Hyndman and Fan 1996). */
export interface Population {
  n: number;
  min: number;
  q01: number;
  q05: number;
  q50: number;
  q95: number;
  q99: number;
  max: number;
}

/** One gate's cut points and where they come from. */
export interface Calibration {
  gate: string;
  /** What the scores are: unit and statistic. */
  statistic: string;
  better: 'higher' | 'lower';
  /** ISO 8601 date. */
  date: string;
  /** A score worse than this fails. */
  fail: number;
  /** A score as good as this passes; between the two: review. */
  pass: number;
  /** Good clips. */
  positives: Population;
  /** Clips with the defects that this gate is there to find, and their kinds. */
  negatives: Population;
  negativesAre: string;
  /** Number of distinct references of the good clips; intervals are bootstrapped by reference, not by clip. */
  references: number;
  auc: number;
  /** True positive rate at 5 % false alarms with its 95 % cluster-bootstrap interval. */
  tprAt5PercentFar: { value: number; low: number; high: number };
}

/** The whole verdict on clips of references that the cut points were not chosen with: ten parts of the references, each judged by the points of the others. */
export interface HeldOut {
  good: number;
  bad: number;
  goodFailed: number;
  /** Neither failed nor passed. */
  goodHeldBack: number;
  badPassed: number;
  /** Upper end of the one-sided 95 % interval of the share of good clips that fail (Clopper and Pearson). */
  goodFailRateAtMost: number;
}

/** The cut points of all gates, chosen together: valid for exactly this embedder and preprocessing. */
export interface CalibrationFile {
  embedderId: string;
  preprocessing: string;
  /** ISO 8601 date. */
  date: string;
  /** What the good and the bad clips are, and how many. */
  clipsAre: string;
  /** How the cut points follow from the populations. */
  rule: string;
  heldOut?: HeldOut;
  gates: Readonly<Record<string, Calibration>>;
}
