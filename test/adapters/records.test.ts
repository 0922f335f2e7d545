import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe } from 'vitest';
import { openDatabase } from '../../src/adapters/local/store/database.ts';
import { createRecords } from '../../src/adapters/local/store/records.ts';
import { recordsContract } from '../contracts/records.ts';

describe('SQLite records', () => {
  recordsContract(async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'vrag-records-'));
    const databases = [openDatabase(home)];
    return {
      records: createRecords(databases[0]),
      another: async () => {
        const database = openDatabase(home);
        databases.push(database);
        return createRecords(database);
      },
      close: async () => {
        for (const database of databases) await database.close();
        await rm(home, { recursive: true });
      },
    };
  });
});
