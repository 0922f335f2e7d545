import type { GateCalibrations } from './calibration.ts';
import { matchFrame } from './reference.ts';
import type { Check } from './report.ts';
import type { MeasuredShot } from './shot.ts';
import { mean, rounded } from './statistics.ts';
import { judge } from './verdict.ts';

/**
 * Shots that show the reference of another shot instead of their own: fails where the own reference does not pass and the other one does. Costs no
 * pass of the model. Nothing without a calibration, and nothing for shots that share their reference.
 */
export function orderChecks(shots: readonly MeasuredShot[], calibrations: GateCalibrations): Check[] {
  return shots.flatMap(({ report, seen }): Check[] => {
    const own = new Set(seen?.references.map(({ reference }) => reference.assetId));
    if (!seen || judge(report.similarity?.mean ?? Number.NaN, calibrations.reference) === 'pass') return [];
    const others = shots.flatMap((other) =>
      (other.seen?.references ?? []).filter(({ reference }) => !own.has(reference.assetId)).map((one) => ({ shot: other.report.index, ...one })),
    );
    const scored = others.map(({ shot, views }) => ({ shot, value: rounded(mean(seen.frames.map((frame) => matchFrame(frame, views).similarity)), 3) }));
    const best = scored.sort((a, b) => b.value - a.value)[0];
    if (!best || judge(best.value, calibrations.reference) !== 'pass') return [];
    const finding = `Shot ${report.index + 1} shows the reference of shot ${best.shot + 1} (${best.value}) and not its own (${report.similarity?.mean}).`;
    const at = { shot: report.index, fromSeconds: report.fromSeconds, toSeconds: report.toSeconds };
    return [{ ...at, id: 'order', verdict: 'fail', value: best.value, unit: 'cosine to the reference of the other shot', finding }];
  });
}
