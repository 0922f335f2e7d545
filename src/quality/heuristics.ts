import type { MotionClass, ShotReport } from './report.ts';

/**
 * Values that no good clip comes near. These are no calibrated cut points (there is no set of labelled bad clips), so they ask for a look
 * and never fail a clip. Measured on 66 good clips: 44 generated from images (PIA, DynamiCrafter; 8 frames/s), 6 real ones (24 and 30
 * frames/s) and 16 short real ones thinned to 8 frames/s (sources of FateZero edits). Largest values: frozen share .063, black share 0,
 * flicker 9.66, no cuts. A still picture encoded as video has a frozen share of .955 to 1 (15 encodings; keyframes change a little).
 */
const BASIS = 'Uncalibrated heuristic: of 66 good clips measured';
const FROZEN_FROM = 0.9;
const BLACK_FROM = 0.3;
/** 1.5 times the largest measured. */
const FLICKER_ABOVE = 14.5;
/** WCAG 2.2, criterion 2.3.1: no more than three flashes in any one second. Flashes of several frames are seen as cuts, not as jitter. */
const CUTS_IN_A_SECOND = 3;

/** The checks of a shot that somebody should look at, with the reason as a sentence; empty for a clip like those measured. */
export function unusual(shot: ShotReport, expected: MotionClass | undefined): { [check: string]: string } {
  return {
    ...(shot.frozenShare >= FROZEN_FROM && expected !== 'static' ? { freeze: `${BASIS} none stands still for more than 6 % (look from 90 % on).` } : {}),
    ...(shot.blackShare >= BLACK_FROM ? { black: `${BASIS} none has a black frame (look from 30 % on).` } : {}),
    ...(shot.flicker > FLICKER_ABOVE ? { flicker: `${BASIS} none exceeds 9.7 (look above ${FLICKER_ABOVE}, 1.5 times that).` } : {}),
    ...(mostInASecond(shot.cuts) > CUTS_IN_A_SECOND ? { cuts: `${BASIS} none has a cut, and WCAG 2.3.1 allows 3 flashes a second (look above that).` } : {}),
  };
}

function mostInASecond(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((time) => time >= from && time < from + 1).length));
}
