import { unusual } from './heuristics.ts';
import type { Calibration, Check, MotionClass, ShotReport } from './report.ts';
import { judge } from './verdict.ts';

/** From little to much. */
const AMOUNTS: readonly MotionClass[] = ['static', 'subtle', 'moderate', 'strong'];

/** Cuts that a finding gives the times of. */
const NAMED_CUTS = 5;

/** Whether less (-1) or more (1) moves than was asked for; 0 where it is as asked or nothing was. */
export function motionAgainst(found: MotionClass, asked: MotionClass | undefined): number {
  return asked === undefined ? 0 : Math.sign(AMOUNTS.indexOf(found) - AMOUNTS.indexOf(asked));
}

/**
 * Every check of a shot. Only `reference` has a calibration; it was made from clips whose reference is their first frame, so for other
 * roles a high score passes and a low one says nothing (`uncalibrated`). All others are numbers without a verdict, but for values that no
 * good clip comes near (`unusual`): those are `review`.
 */
export function shotChecks(shot: ShotReport, calibration: Calibration | undefined): Check[] {
  const expected = shot.expectedMotion;
  const flags = unusual(shot, expected);
  const at = { shot: shot.index, fromSeconds: shot.fromSeconds, toSeconds: shot.toSeconds };
  const open = (id: string, value: number, unit: string, finding: string): Check => {
    const flag = flags[id];
    return { ...at, id, verdict: flag ? 'review' : 'uncalibrated', value, unit, finding: flag ? `${finding} ${flag}` : finding };
  };
  const checks: Check[] = shot.similarity
    ? [referenceCheck(shot, calibration), open('drift', shot.similarity.drop, 'cosine, first less last quarter', drift(shot.similarity.drop))]
    : [];
  if (shot.colour)
    checks.push(
      open('colour', shot.colour.shift, 'OKLab x 100, median', `Mean colours differ from the reference by ${shot.colour.shift} (about 2 is just visible).`),
    );
  if (shot.sharpnessRatio !== undefined)
    checks.push(open('sharpness', shot.sharpnessRatio, 'ratio to the reference', `Fine detail is ${shot.sharpnessRatio} times the reference's.`));
  checks.push(open('motion', shot.motion.top5Percent, 'px per 1/8 s at 128 px, strongest 5 %', motionFinding(shot.motion.class, expected)));
  checks.push(open('freeze', shot.frozenShare, 'share of 1/8 s steps', freezeFinding(shot)));
  checks.push(
    open('black', shot.blackShare, 'share of frames', shot.blackShare > 0 ? `${percent(shot.blackShare)} of the frames are black.` : 'No frame is black.'),
  );
  checks.push(open('flicker', shot.flicker, 'levels of 255', `Block brightness jitters by ${shot.flicker} levels from frame to frame.`));
  checks.push(open('cuts', shot.cuts.length, 'cuts inside the shot', cutsFinding(shot.cuts)));
  return checks;
}

function referenceCheck(shot: ShotReport, calibration: Calibration | undefined): Check {
  const similarity = shot.similarity?.mean ?? Number.NaN;
  const verdict = judge(similarity, calibration);
  const firstFrame = shot.references.some((reference) => reference.role === 'firstFrame' || reference.role === 'lastFrame');
  const kept = firstFrame || verdict === 'pass' ? verdict : 'uncalibrated';
  const where = `Shot ${shot.index + 1}`;
  const findings = {
    pass: `${where} shows its reference (${similarity}).`,
    review: `${where} may not show its reference: ${similarity} lies between right and wrong references; look at the frames.`,
    fail: `${where} does not show its reference (${similarity}; right references have ${calibration?.positives.q05} or more).`,
    uncalibrated: `${where} resembles its reference by ${similarity}.`,
  };
  return {
    ...{
      id: 'reference',
      shot: shot.index,
      verdict: kept,
      value: similarity,
      unit: `cosine, mean of ${shot.similarity?.frames} frames`,
      finding: findings[kept],
    },
    ...{ fromSeconds: shot.fromSeconds, toSeconds: shot.toSeconds },
    ...(calibration ? { cutPoint: { fail: calibration.failBelow, pass: calibration.passFrom }, calibration } : {}),
  };
}

function drift(drop: number): string {
  return drop > 0 ? `The last quarter is less like the reference than the first by ${drop}.` : `The clip does not move away from the reference (${drop}).`;
}

function motionFinding(found: MotionClass, asked: MotionClass | undefined): string {
  const against = motionAgainst(found, asked);
  if (against < 0) return `Motion is ${found}, less than the ${asked} motion that was asked for.`;
  return against > 0 ? `Motion is ${found}, more than the ${asked} motion that was asked for.` : `Motion is ${found}${asked ? ', as asked' : ''}.`;
}

function cutsFinding(cuts: readonly number[]): string {
  if (cuts.length === 0) return 'No cut inside the shot.';
  const more = cuts.length > NAMED_CUTS ? ` and ${cuts.length - NAMED_CUTS} more` : '';
  return `Cut at ${cuts.slice(0, NAMED_CUTS).join(', ')} s${more}.`;
}

function freezeFinding(shot: ShotReport): string {
  if (shot.frozenShare === 0) return 'No part stands still.';
  return `Nothing moves for ${percent(shot.frozenShare)} of the time, at most ${shot.longestFreezeSeconds} s in one go.`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
