// The gate `reference` on clips it was not calibrated on: cut points from one half of the references, verdicts on the other, both ways round.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { areaUnderCurve, calibrate } from '../dist/quality/calibrate.js';
import { judge } from '../dist/quality/verdict.js';
import { scorePairs } from '../scripts/score-pairs.mjs';

const about = { embedderId: 'bench', statistic: 'bench', preprocessing: 'bench', date: 'bench', positivesAre: 'bench', negativesAre: 'bench' };
/** Lowest bit of the first byte of the sha256 of the reference's path. */
const halfOf = (clip) => createHash('sha256').update(clip.reference).digest()[0] & 1;

export async function bench({ say, data }) {
  if (!existsSync(path.join(data, 'pairs.json'))) {
    console.error(`No pairs.json in ${data}: give --data DIR.`);
    process.exit(2);
  }
  const { clips } = await scorePairs(data, { say });
  const own = { pass: 0, review: 0, fail: 0 };
  const other = { pass: 0, review: 0, fail: 0 };
  const cutPoints = [];
  for (const half of [0, 1]) {
    const calibration = calibrate(
      clips.filter((clip) => halfOf(clip) !== half),
      about,
    );
    cutPoints.push([calibration.failBelow, calibration.passFrom]);
    for (const clip of clips.filter((one) => halfOf(one) === half)) {
      own[judge(clip.own, calibration)]++;
      for (const score of clip.others) other[judge(score, calibration)]++;
    }
  }
  const all = calibrate(clips, about);
  const wrongReferenceAuc = areaUnderCurve(
    clips.map((clip) => clip.own),
    clips.flatMap((clip) => clip.others),
  );
  return { wrongReferenceAuc, tprAt5PercentFar: all.tprAt5PercentFar, heldOut: { own, other, cutPoints }, positives: all.positives, negatives: all.negatives };
}
