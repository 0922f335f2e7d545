import { AppError } from '../../../errors.ts';

export type SqlValue = null | number | string | Uint8Array;
export type SqlParameters = SqlValue[] | [Record<string, SqlValue>];

/** A prepared statement. `Row` is what the caller's SQL selects; it is not checked. */
export interface Statement {
  run(...parameters: SqlParameters): { changes: number; lastInsertRowid: number };
  get<Row>(...parameters: SqlParameters): Row | undefined;
  all<Row>(...parameters: SqlParameters): Row[];
  iterate<Row>(...parameters: SqlParameters): Iterable<Row>;
}

export interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** Makes a function for this connection's SQL. */
  function(name: string, options: { deterministic: boolean }, work: (value: string | null) => SqlValue): void;
  close(): void;
}

/** Opens a file, making it where there is none. */
export type Connect = (file: string) => Connection;

/**
 * The `node:sqlite` API: built in from Node 22.13 (nodejs.org/api/sqlite.html, 2026-11), the same API from
 * `@photostructure/sqlite` before that. UNSUPPORTED where neither loads on this platform.
 */
export async function loadDriver(): Promise<Connect> {
  // A variable, because the types of Node 20 do not know the module.
  const builtin = 'node:sqlite';
  try {
    const { DatabaseSync } = await import(builtin).catch(() => import('@photostructure/sqlite'));
    return (file) => new DatabaseSync(file) as Connection;
  } catch (cause) {
    throw new AppError('UNSUPPORTED', `No SQLite driver loads on ${process.platform} ${process.arch} with Node ${process.versions.node}.`, {
      hint: 'Use Node 22.13 or later, which has SQLite built in.',
      cause,
    });
  }
}
