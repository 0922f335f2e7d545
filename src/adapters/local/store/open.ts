import type { Catalog, ObjectStore, Records, Upkeep } from '../../../ports.ts';
import { createCatalog } from './catalog.ts';
import { openDatabase } from './database.ts';
import { createObjectStore } from './objects.ts';
import { createRecords } from './records.ts';
import { createUpkeep } from './upkeep.ts';

/** The storage of one data folder: catalog and records share a database. Touches nothing before the first call of one of them. */
export function openStore(homeDir: string): {
  catalog: Catalog;
  records: Records;
  objects: ObjectStore;
  upkeep: Upkeep;
  close(): Promise<void>;
} {
  const database = openDatabase(homeDir);
  return {
    catalog: createCatalog(database),
    records: createRecords(database),
    objects: createObjectStore(homeDir),
    upkeep: createUpkeep(homeDir, database),
    close: () => database.close(),
  };
}
