import { MOST_ROWS } from '../quality/shown.ts';
import type { ReportData } from './report-output.ts';

type CheckData = ReportData['checks'][number];
type ShotData = ReportData['shots'][number];

/** Shots up to which the text says what is seen in each. */
const FEW_SHOTS = 3;
/** Times of cuts that a line holds. */
const NAMED_CUTS = 5;

/**
 * What an agent reads: verdict, format, the checks that say more than "fine", one line of numbers for each shot, and what to change.
 * Under 12,000 characters for 20 shots; the series is in the structured content only.
 */
export function reportText(report: ReportData, hasPicture = true): string {
  const passed = report.checks.filter((check) => check.verdict === 'pass');
  const flagged = report.checks.filter((check) => check.verdict === 'fail' || check.verdict === 'review' || isAdvised(check, report));
  const advice = report.advice.map((item) => `- ${item.check}${item.shot === undefined ? '' : `, shot ${item.shot}`}: ${item.cause} -> ${item.change}`);
  return [
    `Verdict: ${report.verdict.toUpperCase()}. ${report.summary}`,
    `Format: ${report.format}, decodes to the end: ${report.decodesToEnd}`,
    ...(flagged.length > 0 ? ['Checks to look at:', ...flagged.map(checkLine)] : []),
    ...(passed.length > 0 ? [`Passed: ${passedLine(passed)}`] : []),
    'Shots (cosine to the reference; motion in px per 1/8 s at 128 px; shares of time; flicker in percent of brightness):',
    ...report.shots.map((shot) => shotLine(shot, report.shots.length <= FEW_SHOTS)),
    ...(report.subjects ?? []).map(subjectLine),
    ...(advice.length > 0 ? ['Advice:', ...advice] : []),
    hasPicture
      ? `The picture shows the reference beside the first, least similar and last frame of ${report.shots.length > MOST_ROWS ? `the ${MOST_ROWS} worst shots` : 'each shot'}.`
      : 'Its contact sheet is not kept: measure the clip again to see one.',
    ...(report.reportId === undefined ? [] : [`Report ${report.reportId}; every measure over time: vrag://reports/${report.reportId}/series`]),
  ].join('\n');
}

function subjectLine({ subjectId, pairs }: NonNullable<ReportData['subjects']>[number]): string {
  return `Subject ${subjectId}, cosine by pair of shots, least alike first: ${pairs.map(({ shots, cosine }) => `${shots.join(' and ')} ${cosine}`).join(', ')}`;
}

function isAdvised(check: CheckData, report: ReportData): boolean {
  return check.verdict === 'uncalibrated' && report.advice.some((one) => one.check === check.id && (one.shot === undefined || one.shot === check.numbers.shot));
}

function checkLine({ id, verdict, value, unit, finding, numbers, expected, calibratedOn }: CheckData): string {
  const { shot } = numbers;
  const cutPoints = cutPointText(numbers);
  const details = [expected && `expected ${expected}`, cutPoints, calibratedOn && `calibrated on ${calibratedOn}`].filter(Boolean);
  const about = details.length > 0 ? ` (${details.join('; ')})` : '';
  return `- ${verdict.toUpperCase()} ${id}${shot === undefined ? '' : `, shot ${shot}`}: ${value} ${unit}${about}. ${finding}`;
}

function cutPointText({ failBelow, passFrom, failAbove, passUpTo }: Record<string, number>): string {
  if (failBelow !== undefined) return `fails below ${failBelow}, passes from ${passFrom}`;
  return failAbove === undefined ? '' : `fails above ${failAbove}, passes up to ${passUpTo}`;
}

/** Ids once each; with the range of values where several shots passed. */
function passedLine(passed: readonly CheckData[]): string {
  const ids = [...new Set(passed.map((check) => check.id))];
  const lines = ids.map((id) => {
    const own = passed.filter((check) => check.id === id);
    const { numbers, calibratedOn } = own[0];
    const cutPoints = cutPointText(numbers);
    if (!cutPoints) return `${id} ${own.map((check) => check.value).join(', ')}`;
    if (id !== 'reference') return `${id} ${own.map((check) => check.value).join(', ')} (${cutPoints})`;
    const values = own.map((check) => Number(check.value));
    const range = own.length === 1 ? `${values[0]}` : `${own.length} shots, ${Math.min(...values)} to ${Math.max(...values)}`;
    return `${id} ${range} (${cutPoints}; calibrated on ${calibratedOn})`;
  });
  return `${lines.join('; ')}.`;
}

/** Measures that a line has where there are any. */
const BESIDE: Readonly<Record<string, string>> = {
  exposure: 'exposure',
  exposureChange: 'its change',
  loopPeriodSeconds: 'repeats itself every (s)',
  referenceRank: 'rank of the reference in its collection',
  collectionSimilarity: "similarity by the collection's embedder",
  promptSimilarity: 'prompt',
};

function shotLine(shot: ShotData, seen: boolean): string {
  const { similarity, measures } = shot;
  const like = similarity
    ? `similarity ${similarity.mean} (first ${similarity.firstFrame}, min ${similarity.min} at ${similarity.minAtSeconds} s, last quarter ${similarity.lastQuarter}, drop ${similarity.drop})`
    : 'no reference to compare with';
  const colour = measures.colourShift === undefined ? '' : `, colour shift ${measures.colourShift}, sharpness ${measures.sharpnessRatio ?? '-'}`;
  const beside = Object.entries(BESIDE).flatMap(([name, words]) => (measures[name] === undefined ? [] : [`, ${words} ${measures[name]}`]));
  const cuts = shot.cuts.length > NAMED_CUTS ? `${shot.cuts.length} cuts` : `cuts ${shot.cuts.join(', ') || 'none'}`;
  const words = seen && shot.seenInClip ? `; seen in reference: ${shot.seenInReference}; in clip: ${shot.seenInClip}` : '';
  return `${shot.index}. ${shot.fromSeconds}-${shot.toSeconds} s, ${shot.referenceIds.join(', ') || 'no reference'}: ${like}; motion ${measures.motion} ${shot.motionClass}, frozen ${measures.frozenShare}, black ${measures.blackShare}, flicker ${measures.flicker}, camera ${shot.camera ?? '-'}, ${cuts}${colour}${beside.join('')}${words}`;
}
