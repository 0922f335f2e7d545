import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../errors.ts';
import { type Connect, type Connection, loadDriver, type Statement } from './driver.ts';
import { makeFolder } from './folders.ts';
import { MIGRATIONS, refuseForeign, refuseNewer, rollBack, upgrade } from './schema.ts';
import { isBusy, storageError } from './sqlite-errors.ts';

/** Prepares a statement once per connection; the text must be constant, values go in as parameters. */
export type Sql = (text: string) => Statement;

/**
 * The data folder's SQLite file. Opened, made and upgraded at the first call. Work is synchronous: what it reads is one snapshot, what it writes
 * is one transaction, and it runs again from its start where another process held the lock. UNAVAILABLE where the file stays locked, cannot be
 * opened or written; MISCONFIGURED where its folder cannot be made, it is damaged, or a newer release wrote it.
 */
export interface Database {
  /** Absolute path of the file. */
  readonly file: string;
  read<T>(work: (sql: Sql) => T): Promise<T>;
  /** `durable`: on disk when it resolves, even after a power loss (synchronous=FULL); else only whole and in order. */
  write<T>(work: (sql: Sql) => T, options?: { durable?: boolean }): Promise<T>;
  /** Afterwards nothing may be called. */
  close(): Promise<void>;
}

/** SQLite sleeps with the event loop stopped while it waits for a lock, so it waits only this long; the rest is waited for outside. */
const BUSY_TIMEOUT_MS = 100;
/** Bulk writes of other processes hold the lock for about 50 ms; 10 s is 200 of them. */
const PATIENCE_MS = 10_000;
/** Another process may be copying and upgrading a large file. */
const OPEN_PATIENCE_MS = 60_000;

/** Runs synchronous work until no other connection holds the lock, giving way to the event loop between tries. */
async function patiently<T>(work: () => T, patienceMs: number): Promise<T> {
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || Date.now() > end) throw error;
    }
    await sleep(5 + Math.random() * 20);
  }
}

interface Opened {
  connection: Connection;
  sql: Sql;
  durable: boolean;
}

async function open(file: string, migrations: readonly string[]): Promise<Opened> {
  const connect: Connect = await loadDriver();
  await makeFolder(path.dirname(file));
  const connection = await patiently(() => connect(file), OPEN_PATIENCE_MS);
  try {
    // The time limit comes first: two servers that start together both switch the journal.
    connection.exec(`pragma busy_timeout=${BUSY_TIMEOUT_MS}`);
    await patiently(() => refuseForeign(connection, migrations.length, file), OPEN_PATIENCE_MS);
    await patiently(() => connection.exec('pragma journal_mode=wal'), OPEN_PATIENCE_MS);
    // fullfsync: on macOS fsync alone leaves data in the drive's cache (sqlite.org/pragma.html#pragma_fullfsync); elsewhere it changes nothing.
    connection.exec('pragma synchronous=full; pragma foreign_keys=on; pragma fullfsync=on; pragma cache_size=-32000; pragma journal_size_limit=67108864');
    await patiently(() => upgrade(connection, connect, file, migrations), OPEN_PATIENCE_MS);
  } catch (error) {
    connection.close();
    throw error;
  }
  const statements = new Map<string, Statement>();
  const sql: Sql = (text) => {
    const known = statements.get(text);
    if (known) return known;
    const statement = connection.prepare(text);
    statements.set(text, statement);
    return statement;
  };
  return { connection, sql, durable: true };
}

function transaction<T>({ connection, sql }: Opened, begin: 'begin' | 'begin immediate', work: (sql: Sql) => T): T {
  sql(begin).run();
  try {
    const result = work(sql);
    sql('commit').run();
    return result;
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}

/** Not a cached statement: this pragma acts when it is compiled, not when it is run. */
function setDurable(database: Opened, durable: boolean): void {
  if (database.durable === durable) return;
  database.connection.exec(`pragma synchronous=${durable ? 'full' : 'normal'}`);
  database.durable = durable;
}

/** The database of a data folder, `<homeDir>/vrag.sqlite`. Touches nothing before the first call. `migrations` is for tests of upgrades. */
export function openDatabase(homeDir: string, migrations: readonly string[] = MIGRATIONS): Database {
  const file = path.join(homeDir, 'vrag.sqlite');
  let opening: Promise<Opened> | undefined;
  let closed = false;

  function opened(): Promise<Opened> {
    if (closed) return Promise.reject(new AppError('INTERNAL', `The database ${file} is closed.`));
    opening ??= open(file, migrations).catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function run<T>(work: (database: Opened) => T): Promise<T> {
    try {
      const database = await opened();
      return await patiently(() => work(database), PATIENCE_MS);
    } catch (error) {
      throw storageError(error, file);
    }
  }

  return {
    file,
    read: (work) => run((database) => transaction(database, 'begin', work)),
    write: (work, { durable = false } = {}) =>
      run((database) => {
        setDurable(database, durable);
        return transaction(database, 'begin immediate', (sql) => {
          refuseNewer(sql('pragma user_version').get<{ user_version: number }>()?.user_version ?? 0, migrations.length, file);
          return work(sql);
        });
      }),
    close: async () => {
      closed = true;
      const last = opening;
      opening = undefined;
      await last?.then(
        ({ connection }) => {
          try {
            // Prepared statements may keep a closed connection, and so a full log beside the file, until they are collected as garbage.
            connection.exec('pragma wal_checkpoint(truncate)');
          } catch {
            // Only tidying: what is in the log stays valid.
          }
          connection.close();
        },
        () => undefined,
      );
    },
  };
}
