import type { GateCalibrations } from './calibration.ts';
import { cameraAgrees } from './camera.ts';
import { collectionChecks } from './collection-view.ts';
import { gateFinding } from './findings.ts';
import { GATES, type Gate } from './gates.ts';
import type { Check, MotionClass, ShotReport, Verdict } from './report.ts';
import { rounded } from './statistics.ts';
import { judge } from './verdict.ts';

/** From little to much. */
const AMOUNTS: readonly MotionClass[] = ['static', 'subtle', 'moderate', 'strong'];

/** Gates that another look than the reference's goes against. */
const LOOK = new Set(['likeness', 'regions', 'rendering', 'detail', 'colour', 'tint', 'sharpness']);

/** Whether less (-1) or more (1) moves than was asked for; 0 where it is as asked or nothing was. */
export function motionAgainst(found: MotionClass, asked: MotionClass | undefined): number {
  return asked === undefined ? 0 : Math.sign(AMOUNTS.indexOf(found) - AMOUNTS.indexOf(asked));
}

/**
 * Every check of a shot. The gates have cut points where there is a calibration. It was made from clips whose reference is their first frame,
 * so for other roles, and for gates that an asked change of style goes against, a good score passes and a bad one says nothing
 * (`uncalibrated`). Motion and camera are judged against what was asked for alone.
 */
export function shotChecks(shot: ShotReport, calibrations: GateCalibrations, styleChange = false): Check[] {
  const checks = GATES.flatMap((gate) => gateCheck(shot, gate, calibrations, styleChange));
  const at = { shot: shot.index, fromSeconds: shot.fromSeconds, toSeconds: shot.toSeconds };
  const against = motionAgainst(shot.motion.class, shot.expectedMotion);
  const motion: Verdict = against !== 0 && isFar(shot.motion.class, shot.expectedMotion) ? 'review' : 'uncalibrated';
  checks.push({
    ...{ ...at, id: 'motion', verdict: motion, value: shot.motion.top5Percent, unit: 'px per 1/8 s at 128 px, strongest 5 %' },
    finding: motionFinding(shot.motion.class, shot.expectedMotion),
  });
  checks.push(...exposureCheck(shot.colour, at));
  checks.push(...repeatedCheck(shot.repeatedShare, at));
  if (shot.loop) checks.push(loopCheck(shot.loop, shot.index));
  for (const { assetId, palette } of shot.style ?? []) {
    const finding = `Colours and layout agree with the style reference ${assetId} by ${palette}.`;
    checks.push({ ...at, id: 'style', verdict: 'uncalibrated', value: palette, unit: 'cosine of colours and layout, mean over frames', finding });
  }
  checks.push(...collectionChecks(shot));
  if (shot.seen) checks.push(...seenCheck(shot.seen, at));
  if (shot.camera && shot.expectedCamera) checks.push(cameraCheck({ ...shot, camera: shot.camera, expectedCamera: shot.expectedCamera }));
  return checks;
}

function gateCheck(shot: ShotReport, gate: Gate, calibrations: GateCalibrations, styleChange: boolean): Check[] {
  const value = gate.score(shot);
  if (value === undefined) return [];
  const calibration = calibrations[gate.id];
  const judged = judge(value, calibration);
  const isShown = !gate.needsModel || shot.references.some(({ role }) => role === 'firstFrame' || role === 'lastFrame');
  const counts = judged === 'pass' || (isShown && !(styleChange && LOOK.has(gate.id)));
  const verdict = counts ? judged : 'uncalibrated';
  const span = (verdict !== 'pass' && gate.span?.(shot)) || shot;
  return [
    {
      ...{ id: gate.id, shot: shot.index, verdict, value, unit: gate.unit, finding: gateFinding(gate.id, shot, verdict) },
      ...{ fromSeconds: span.fromSeconds, toSeconds: span.toSeconds },
      ...(calibration ? { cutPoint: { fail: calibration.fail, pass: calibration.pass, better: calibration.better }, calibration } : {}),
    },
  ];
}

/** Brightness is changed by good clips too, a sunset say, so that there is no cut point for it. */
function exposureCheck(colour: ShotReport['colour'], at: Pick<Check, 'shot' | 'fromSeconds' | 'toSeconds'>): Check[] {
  if (colour?.exposure === undefined || colour.exposureChange === undefined) return [];
  const { exposure, exposureChange, shift } = colour;
  const side = exposure === 0 ? 'as light as the reference' : `${exposure > 0 ? 'lighter' : 'darker'} than the reference by ${Math.abs(exposure)}`;
  const finding = `The picture is ${side}, its lightness changes by ${exposureChange} over the shot, and its mean colour is ${shift} off (about 2 is just visible).`;
  return [{ ...at, id: 'exposure', verdict: 'uncalibrated', value: exposure, unit: "OKLab lightness x 100 less the reference's", finding }];
}

/** Share of repeated frames from which it is said: single ones are what encoders do to keep a rate. */
const REPEATED_FROM = 0.05;

function repeatedCheck(share: number | undefined, at: Pick<Check, 'shot' | 'fromSeconds' | 'toSeconds'>): Check[] {
  if (share === undefined || share < REPEATED_FROM) return [];
  const finding = `${Math.round(100 * share)} % of the frames repeat the one before: a stretch that stands still, or a clip made at a lower rate than it says.`;
  return [{ ...at, id: 'repeated', verdict: 'uncalibrated', value: share, unit: 'share of frames that repeat the one before', finding }];
}

/** A number, not a gate: nothing is calibrated for it. */
function loopCheck({ periodSeconds, fromSeconds, toSeconds }: NonNullable<ShotReport['loop']>, shot: number): Check {
  const times = rounded((toSeconds - fromSeconds) / periodSeconds, 1);
  const finding = `The shot repeats itself frame for frame: ${times} rounds of ${periodSeconds} s, from ${fromSeconds} to ${toSeconds} s.`;
  return {
    id: 'loop',
    shot,
    verdict: 'uncalibrated',
    value: periodSeconds,
    unit: 's, first period after which the frames come again',
    finding,
    fromSeconds,
    toSeconds,
  };
}

/** A word with this probability in the reference is what it shows. */
const SURELY_SEEN = 0.5;

/** Whether what the model saw in the reference is what it sees in the clip. */
function seenCheck(seen: NonNullable<ShotReport['seen']>, at: Pick<Check, 'shot' | 'fromSeconds' | 'toSeconds'>): Check[] {
  const [first] = seen.reference;
  if (!first || first.probability < SURELY_SEEN) return [];
  const value = seen.clip.find(({ word }) => word === first.word)?.probability ?? 0;
  const [most] = seen.clip;
  const instead = most && most.word !== first.word ? `, ${most.word} ${most.probability}` : '';
  const finding = `Seen in the reference: ${first.word} ${first.probability}; in the clip: ${first.word} ${value}${instead}.`;
  return [{ ...at, id: 'seen', verdict: 'uncalibrated', value, unit: `probability of "${first.word}"`, finding }];
}

/** Two classes away, or still where anything was to move: names of amounts are no finer than that. */
function isFar(found: MotionClass, asked: MotionClass | undefined): boolean {
  return asked !== undefined && (Math.abs(AMOUNTS.indexOf(found) - AMOUNTS.indexOf(asked)) > 1 || (found === 'static' && asked !== 'static'));
}

function motionFinding(found: MotionClass, asked: MotionClass | undefined): string {
  const against = motionAgainst(found, asked);
  if (against < 0) return `Motion is ${found}, less than the ${asked} motion that was asked for.`;
  return against > 0 ? `Motion is ${found}, more than the ${asked} motion that was asked for.` : `Motion is ${found}${asked ? ', as asked' : ''}.`;
}

function cameraCheck({ index, fromSeconds, toSeconds, camera, expectedCamera }: ShotReport & Required<Pick<ShotReport, 'camera' | 'expectedCamera'>>): Check {
  const agrees = cameraAgrees(camera, expectedCamera);
  const path = `right ${camera.right}, down ${camera.down} of the width, zoom ${camera.zoom}, roll ${camera.roll} degrees`;
  const findings = {
    true: `The camera moves as asked (${path}).`,
    false: `The picture moves like "${camera.move}" (${path}); "${expectedCamera}" was asked for.`,
  };
  return {
    ...{ id: 'camera', shot: index, verdict: agrees === false ? 'review' : 'uncalibrated', value: camera.move, expected: expectedCamera, unit: 'camera move' },
    ...{ finding: agrees === undefined ? `Not told from the picture: ${path}.` : findings[`${agrees}`], fromSeconds, toSeconds },
  };
}
