import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createOpenSearchCatalog } from '../../src/adapters/aws/opensearch/catalog.ts';
import type { EngineOptions } from '../../src/adapters/aws/opensearch/engine.ts';
import { openDatabase } from '../../src/adapters/local/store/database.ts';
import { createRecords } from '../../src/adapters/local/store/records.ts';
import type { CatalogFixture } from '../contracts/catalog.ts';
import { KEY_ID, REGION, SECRET } from './signing-proxy.ts';

/** Credentials for the SDK's own chain. */
export function signAs(): void {
  process.env.AWS_ACCESS_KEY_ID = KEY_ID;
  process.env.AWS_SECRET_ACCESS_KEY = SECRET;
  delete process.env.AWS_SESSION_TOKEN;
  delete process.env.AWS_PROFILE;
}

let made = 0;

/** A fresh catalog on a node, with records in a database of its own; `another` is a second client with the same records. */
export async function catalogFixture(url: string, nodeUrl: string, options: Partial<EngineOptions> = {}): Promise<CatalogFixture & { prefix: string }> {
  const home = await mkdtemp(path.join(tmpdir(), 'vrag-records-'));
  const database = openDatabase(home);
  const prefix = `t${process.pid}-${++made}`;
  const opened: { close(): Promise<void> }[] = [];
  const open = () => {
    const one = createOpenSearchCatalog({ url, region: REGION, kind: 'domain', prefix, ...options }, createRecords(database));
    opened.push(one);
    return one.catalog;
  };
  return {
    prefix,
    catalog: open(),
    another: async () => open(),
    close: async () => {
      for (const one of opened) await one.close();
      await fetch(`${nodeUrl}/${prefix}-*`, { method: 'DELETE' }).catch(() => undefined);
      await database.close();
      await rm(home, { recursive: true });
    },
  };
}
