import { AppError } from '../../../errors.ts';
import type { JsonValue, Records, StoredRecord } from '../../../ports.ts';
import { cursorOf, positionOf } from './cursor.ts';
import type { Database, Sql } from './database.ts';

interface RecordRow {
  seq: number;
  kind: string;
  id: string;
  version: number;
  created_at: string;
  updated_at: string;
  open: number;
  body: string;
  lease_owner: string | null;
  lease_until: number;
}

function recordOf(row: RecordRow): StoredRecord {
  const { kind, id, version, created_at: createdAt, updated_at: updatedAt } = row;
  return { kind, id, version, createdAt, updatedAt, open: row.open === 1, body: JSON.parse(row.body) as JsonValue };
}

function find(sql: Sql, kind: string, id: string): RecordRow | undefined {
  return sql('select * from record where kind = ? and id = ?').get<RecordRow>(kind, id);
}

function create(sql: Sql, { kind, id, open = false, body }: Parameters<Records['create']>[0]): StoredRecord {
  const now = new Date().toISOString();
  const row = sql(`
    insert into record(kind, id, version, created_at, updated_at, open, body) values(?, ?, 1, ?, ?, ?, ?)
    on conflict(kind, id) do nothing returning *`).get<RecordRow>(kind, id, now, now, open ? 1 : 0, JSON.stringify(body));
  if (!row) throw new AppError('CONFLICT', `The ${kind} record ${id} exists already.`, { hint: 'Read it, or use another id.' });
  return recordOf(row);
}

function update(sql: Sql, { kind, id, version, open, body }: Parameters<Records['update']>[0], owner: string | undefined): StoredRecord {
  const stored = find(sql, kind, id);
  if (!stored) throw new AppError('NOT_FOUND', `There is no ${kind} record ${id}.`, { hint: 'It was deleted; create it again if it is needed.' });
  if (stored.version !== version) {
    throw new AppError('CONFLICT', `The ${kind} record ${id} changed meanwhile: version ${stored.version}, not ${version}.`, {
      hint: 'Read it again and repeat the change.',
    });
  }
  if (owner !== undefined && !(stored.lease_owner === owner && stored.lease_until > Date.now())) {
    throw new AppError('CONFLICT', `The lease of the ${kind} record ${id} is not (or no longer) this owner's.`, { hint: 'Claim it again before changing it.' });
  }
  const changed = sql('update record set version = version + 1, updated_at = ?, open = ?, body = ? where seq = ? returning *');
  return recordOf(changed.get<RecordRow>(new Date().toISOString(), open ? 1 : 0, JSON.stringify(body), stored.seq) as RecordRow);
}

function list(sql: Sql, kind: string, { limit, cursor, open }: Parameters<Records['list']>[1]) {
  const [before] = cursor === undefined ? [Number.MAX_SAFE_INTEGER] : positionOf(cursor, ['number']);
  const rows = sql('select * from record where kind = ? and seq < ? and (?3 is null or open = ?3) order by seq desc limit ?').all<RecordRow>(
    kind,
    before,
    open === undefined ? null : Number(open),
    limit + 1,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { records: page.map(recordOf), ...(rows.length > limit && last ? { cursor: cursorOf([last.seq]) } : {}) };
}

/** The oldest record that may be leased now. */
function claimable(sql: Sql, kind: string, id: string | undefined): RecordRow | undefined {
  return sql('select * from record where kind = ? and open = 1 and lease_until <= ? and (?3 is null or id = ?3) order by seq limit 1').get<RecordRow>(
    kind,
    Date.now(),
    id ?? null,
  );
}

/**
 * Records in a data folder's database. Writes of content are on disk when they resolve (synchronous=FULL); leases are only whole and in order,
 * because a lease that a power loss takes back is over anyway. Lease times are `Date.now()` of the machine, shared by its processes.
 * Errors as in the port and as in `Database`; INVALID_INPUT for a foreign cursor.
 */
export function createRecords(database: Database): Records {
  return {
    create: (record) => database.write((sql) => create(sql, record), { durable: true }),
    get: (kind, id) =>
      database.read((sql) => {
        const row = find(sql, kind, id);
        return row && recordOf(row);
      }),
    getMany: (kind, ids) =>
      database.read((sql) =>
        sql('select * from record where kind = ? and id in (select value from json_each(?))').all<RecordRow>(kind, JSON.stringify(ids)).map(recordOf),
      ),
    list: (kind, page) => database.read((sql) => list(sql, kind, page)),
    update: (record, { owner } = {}) => database.write((sql) => update(sql, record, owner), { durable: true }),
    claim: async (kind, { owner, leaseSeconds, id }) => {
      // Polling must not take the write lock as long as there is nothing to claim.
      if (!(await database.read((sql) => claimable(sql, kind, id)))) return undefined;
      return database.write((sql) => {
        const row = claimable(sql, kind, id);
        if (!row) return undefined;
        sql('update record set lease_owner = ?, lease_until = ? where seq = ?').run(owner, Date.now() + leaseSeconds * 1000, row.seq);
        return recordOf(row);
      });
    },
    renew: (kind, id, { owner, leaseSeconds }) =>
      database.write((sql) => {
        const renewed = sql('update record set lease_until = ? where kind = ? and id = ? and lease_owner = ? and lease_until > ?');
        return renewed.run(Date.now() + leaseSeconds * 1000, kind, id, owner, Date.now()).changes > 0;
      }),
    release: (kind, id, owner) =>
      database.write((sql) => {
        sql('update record set lease_owner = null, lease_until = 0 where kind = ? and id = ? and lease_owner = ?').run(kind, id, owner);
      }),
    delete: (kind, id) =>
      database.write(
        (sql) => {
          sql('delete from record where kind = ? and id = ?').run(kind, id);
        },
        { durable: true },
      ),
  };
}
