import type { FileBytes, Images } from '../ports/pictures.ts';
import type { Check } from './report.ts';
import type { LookedAtFrame, MeasuredShot } from './shot.ts';
import { MOST_ROWS } from './shown.ts';

/** A JPEG grows by a third in base64: 88 kB stay under 120 kB in a result, 148 kB under 200 kB. */
const BYTES_OF_ONE_ROW = 88_000;
const BYTES_PER_FURTHER_ROW = 12_000;
const MOST_BYTES = 148_000;
const COLUMNS = 4;
/** Cells of many rows are smaller: clients scale pictures of more than about 1600 px down. */
const CELL_WIDTH = 320;
const SMALL_FROM_ROWS = 7;
const SMALL_CELL_WIDTH = 240;

/**
 * The reference beside the first, the least similar and the last frame, a row for each shot; without a reference, four frames in order.
 * Up to 12 shots in order of time; of more, the 12 worst, worst first: failed, then to be looked at, then by similarity.
 */
export function drawEvidence(images: Images, shots: readonly MeasuredShot[], checks: readonly Check[]): Promise<FileBytes> {
  const chosen = shots.filter((shot) => shot.frames.length > 0);
  const shown = chosen.length > MOST_ROWS ? [...chosen].sort((a, b) => badness(b, checks) - badness(a, checks)).slice(0, MOST_ROWS) : chosen;
  const cellWidth = shown.length < SMALL_FROM_ROWS ? CELL_WIDTH : SMALL_CELL_WIDTH;
  const maxBytes = Math.min(MOST_BYTES, BYTES_OF_ONE_ROW + BYTES_PER_FURTHER_ROW * (shown.length - 1));
  return images.contactSheet(shown.flatMap(rowOf), { columns: COLUMNS, cellWidth, maxBytes });
}

/** 0..1 within a verdict by similarity, so that a verdict always outranks a similarity. */
function badness({ report }: MeasuredShot, checks: readonly Check[]): number {
  const verdicts = checks.filter((check) => check.shot === report.index).map((check) => check.verdict);
  const judged = verdicts.includes('fail') ? 4 : verdicts.includes('review') ? 2 : 0;
  return judged + (1 - (report.similarity?.mean ?? 1)) / 2;
}

function rowOf(shot: MeasuredShot): { image: LookedAtFrame['image']; label: string }[] {
  const { frames, reference, report } = shot;
  const last = frames.length - 1;
  if (!reference) return [0, 1, 2, 3].map((i) => cell(i === 0 ? `shot ${report.index + 1}` : 'frame', frames[Math.round((last * i) / 3)]));
  const worst = frames.reduce((low, frame) => ((frame.similarity ?? 1) < (low.similarity ?? 1) ? frame : low));
  return [{ image: reference.image, label: `reference, shot ${report.index + 1}` }, cell('first', frames[0]), cell('least', worst), cell('last', frames[last])];
}

function cell(name: string, frame: LookedAtFrame): { image: LookedAtFrame['image']; label: string } {
  const similarity = frame.similarity === undefined ? '' : `, ${frame.similarity.toFixed(2)}`;
  return { image: frame.image, label: `${name}, ${frame.timeSeconds.toFixed(2)} s${similarity}` };
}
