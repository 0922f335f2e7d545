import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Upkeep } from '../../../ports.ts';
import type { Database } from './database.ts';
import { checkObjectKey } from './file-names.ts';
import { fileError, hashFile, sizeOf, systemCode } from './object-files.ts';

/** An object key anywhere in a record's or asset's text. */
const KEYS = /\b[0-9a-f]{64}\.[a-z0-9]{2,4}\b/g;

/** Entries of a folder, sorted; none where it is not there. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw fileError(error, 'read the data folder');
  }
}

async function* objectsOf(homeDir: string): ReturnType<Upkeep['objects']> {
  const root = path.join(homeDir, 'objects');
  for (const folder of await entriesOf(root)) {
    for (const key of await entriesOf(path.join(root, folder))) {
      // Deleted since the folder was read.
      const found = await stat(path.join(root, folder, key)).catch(() => undefined);
      if (found?.isFile()) yield { key, byteLength: found.size, storedAt: found.mtime.toISOString() };
    }
  }
}

async function checkObject(homeDir: string, key: string): ReturnType<Upkeep['checkObject']> {
  const file = path.join(homeDir, 'objects', checkObjectKey(key).folder, key);
  if ((await sizeOf(file)) === undefined) return 'missing';
  return (await hashFile(file)).sha256 === key.slice(0, 64) ? 'whole' : 'damaged';
}

/** Checks of a data folder; `damage` holds the event loop for as long as SQLite reads the whole file. Errors as in `Database`. */
export function createUpkeep(homeDir: string, database: Database): Upkeep {
  return {
    damage: () =>
      database.read((sql) => {
        // sqlite.org/pragma.html#pragma_integrity_check (read 2026-11): one row `ok`, or up to 100 rows that each name a problem; full-text tables are checked too.
        const rows = sql('pragma integrity_check').all<{ integrity_check: string }>();
        return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
      }),
    objects: () => objectsOf(homeDir),
    checkObject: (key) => checkObject(homeDir, key),
    namedObjects: () =>
      database.read((sql) => {
        const named = new Set<string>();
        const texts = sql("select body as text from record union all select object_key || ' ' || body from asset");
        for (const { text } of texts.iterate<{ text: string }>()) for (const [key] of text.matchAll(KEYS)) named.add(key);
        return named;
      }),
  };
}
