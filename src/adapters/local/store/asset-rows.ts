import type { Asset, Seen } from '../../../ports.ts';
import type { Sql } from './database.ts';

/** The columns of `asset` that hold what was seen. */
export interface SeenRow {
  /** Null where nothing looked. */
  colours: string | null;
  /** An empty blob may come back as null (Node 22 binds it so). */
  classes: Uint8Array | null;
  /** Null where nothing stands out, too. */
  subject_colours: string | null;
}

/** Bytes of one class: index as uint16, probability as float64, little-endian. */
export const CLASS_BYTES = 10;

/** Packed, because a resident load reads the classes of every asset: ten bytes each, and every probability comes back exactly. */
export function seenColumns(seen: Seen | undefined): SeenRow {
  if (!seen) return { colours: null, classes: null, subject_colours: null };
  const classes = new DataView(new ArrayBuffer(seen.classes.length * CLASS_BYTES));
  seen.classes.forEach(([index, probability], i) => {
    classes.setUint16(i * CLASS_BYTES, index, true);
    classes.setFloat64(i * CLASS_BYTES + 2, probability, true);
  });
  const { colours, subjectColours } = seen;
  return {
    colours: JSON.stringify(colours),
    classes: new Uint8Array(classes.buffer),
    subject_colours: subjectColours ? JSON.stringify(subjectColours) : null,
  };
}

/** Calls `entry` with each packed class and its probability. */
export function eachClass(classes: Uint8Array, entry: (classIndex: number, probability: number) => void): void {
  const view = new DataView(classes.buffer, classes.byteOffset, classes.byteLength);
  for (let at = 0; at < view.byteLength; at += CLASS_BYTES) entry(view.getUint16(at, true), view.getFloat64(at + 2, true));
}

export function coloursOf(colours: string): Seen['colours'] {
  return JSON.parse(colours) as Seen['colours'];
}

function seenOf({ colours, classes, subject_colours }: SeenRow): Seen | undefined {
  if (colours === null) return undefined;
  const seen: Seen = { classes: [], colours: coloursOf(colours) };
  if (classes) eachClass(classes, (index, probability) => seen.classes.push([index, probability]));
  if (subject_colours !== null) seen.subjectColours = coloursOf(subject_colours);
  return seen;
}

/** Columns from which an asset is put together. */
export const ASSET_COLUMNS = 'a.body, a.colours, a.classes, a.subject_colours';

export interface AssetRow extends SeenRow {
  body: string;
}

/** `body` is the asset as JSON without `seen`. */
export function assetOf(row: AssetRow): Asset {
  const seen = seenOf(row);
  return { ...(JSON.parse(row.body) as Asset), ...(seen ? { seen } : {}) };
}

export function bodyOf({ seen: _seen, ...rest }: Asset): string {
  return JSON.stringify(rest);
}

/** Ids by number, in one statement, since each call of the driver has a cost of its own. */
export function idsOf(sql: Sql, numbers: readonly number[]): (number: number) => string {
  const rows = sql('select json_group_array(json_array(number, id)) as rows from asset where number in (select value from json_each(?))');
  const ids = new Map(JSON.parse(rows.get<{ rows: string }>(JSON.stringify(numbers))?.rows ?? '[]') as [number, string][]);
  return (number) => {
    const id = ids.get(number);
    if (id === undefined) throw new Error(`asset ${number} is gone`);
    return id;
  };
}
