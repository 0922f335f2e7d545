import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors.ts';

/** One clip of a person's own, with the picture it was made from and what they think of it; absolute paths. */
export interface ListedClip {
  clip: string;
  reference: string;
  verdict: 'good' | 'bad';
}

const FORMS =
  'Give a folder that holds a folder for each reference (a picture named reference.*, and the folders good and bad with clips), or a CSV file with the columns clip, reference and verdict, or a JSON file with a list of {clip, reference, verdict}; verdict is good or bad.';

/** Reads a list in one of the three forms that FORMS names; paths in a file are relative to it. INVALID_INPUT names what is wrong and where. */
export async function readCalibrationList(given: string): Promise<ListedClip[]> {
  const found = await stat(given).catch(() => undefined);
  if (!found) throw new AppError('NOT_FOUND', `There is no "${given}".`, { hint: FORMS });
  if (found.isDirectory()) return readFolder(given);
  const text = await readFile(given, 'utf8');
  const rows = path.extname(given).toLowerCase() === '.json' ? jsonRows(text) : csvRows(text);
  const folder = path.dirname(path.resolve(given));
  return rows.map((row, index) => checked(row, index, folder));
}

async function readFolder(root: string): Promise<ListedClip[]> {
  const clips: ListedClip[] = [];
  for (const entry of (await readdir(root, { withFileTypes: true })).filter((one) => one.isDirectory())) {
    const folder = path.resolve(root, entry.name);
    const reference = (await readdir(folder)).find((name) => path.parse(name).name === 'reference');
    if (!reference) throw new AppError('INVALID_INPUT', `The folder "${entry.name}" has no picture named reference.*.`, { hint: FORMS });
    for (const verdict of ['good', 'bad'] as const) {
      const names = await readdir(path.join(folder, verdict)).catch(() => []);
      for (const name of names.filter((one) => !one.startsWith('.')).sort())
        clips.push({ clip: path.join(folder, verdict, name), reference: path.join(folder, reference), verdict });
    }
  }
  return clips;
}

function jsonRows(text: string): Record<string, unknown>[] {
  try {
    const rows: unknown = JSON.parse(text);
    if (Array.isArray(rows)) return rows.map((row) => (typeof row === 'object' && row !== null ? row : {}));
  } catch {}
  throw new AppError('INVALID_INPUT', 'The JSON file is no list.', { hint: FORMS });
}

/** RFC 4180: fields with commas or line breaks are quoted, quotes in them doubled. */
function csvRows(text: string): Record<string, unknown>[] {
  const fields = [...text.replace(/^\uFEFF/, '').matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r?\n|$)/g)];
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of fields) {
    lines[lines.length - 1].push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    if (end !== ',') lines.push([]);
  }
  const [header = [], ...rows] = lines.filter((line) => line.some((field) => field !== ''));
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name.toLowerCase(), row[i]])));
}

function checked(row: Record<string, unknown>, index: number, folder: string): ListedClip {
  const { clip, reference, verdict } = row;
  const wrong = [
    typeof clip !== 'string' || clip === '' ? 'clip' : '',
    typeof reference !== 'string' || reference === '' ? 'reference' : '',
    verdict !== 'good' && verdict !== 'bad' ? 'verdict' : '',
  ].filter(Boolean);
  if (wrong.length > 0) throw new AppError('INVALID_INPUT', `Row ${index + 1} of the list has no usable ${wrong.join(', ')}.`, { hint: FORMS });
  return { clip: path.resolve(folder, `${clip}`), reference: path.resolve(folder, `${reference}`), verdict: verdict as ListedClip['verdict'] };
}
