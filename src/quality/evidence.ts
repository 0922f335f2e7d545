import type { FileBytes, Images } from '../ports/pictures.ts';
import type { LookedAtFrame, MeasuredShot } from './shot.ts';

/** Under the 200 kB that a tool result can carry with room for the rest. */
const MAX_BYTES = 190_000;
const COLUMNS = 4;
const CELL_WIDTH = 320;
/** Rows of the sheet; of longer storyboards the least similar shots are shown. */
const MOST_SHOTS = 6;

/** The reference beside the first, the least similar and the last frame, a row for each shot; without a reference, four frames in order. */
export function drawEvidence(images: Images, shots: readonly MeasuredShot[]): Promise<FileBytes> {
  const chosen = shots.filter((shot) => shot.frames.length > 0);
  const shown = [...chosen].sort((a, b) => (a.report.similarity?.mean ?? 1) - (b.report.similarity?.mean ?? 1)).slice(0, MOST_SHOTS);
  const cells = chosen.filter((shot) => shown.includes(shot)).flatMap((shot) => rowOf(shot));
  return images.contactSheet(cells, { columns: COLUMNS, cellWidth: CELL_WIDTH, maxBytes: MAX_BYTES });
}

function rowOf(shot: MeasuredShot): { image: LookedAtFrame['image']; label: string }[] {
  const { frames, reference, report } = shot;
  const last = frames.length - 1;
  if (!reference) return [0, 1, 2, 3].map((i) => cell('frame', frames[Math.round((last * i) / 3)]));
  const worst = frames.reduce((low, frame) => ((frame.similarity ?? 1) < (low.similarity ?? 1) ? frame : low));
  return [{ image: reference.image, label: `reference, shot ${report.index + 1}` }, cell('first', frames[0]), cell('least', worst), cell('last', frames[last])];
}

function cell(name: string, frame: LookedAtFrame): { image: LookedAtFrame['image']; label: string } {
  const similarity = frame.similarity === undefined ? '' : `, ${frame.similarity.toFixed(2)}`;
  return { image: frame.image, label: `${name}, ${frame.timeSeconds.toFixed(2)} s${similarity}` };
}
