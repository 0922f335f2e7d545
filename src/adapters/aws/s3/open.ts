import type { AwsConfig } from '../../../config.ts';
import type { Catalog, ObjectStore, Records, Upkeep } from '../../../ports.ts';
import { S3Bucket } from './bucket.ts';
import type { Credentials } from './client.ts';
import { createS3Objects } from './objects.ts';
import { createS3Records } from './records.ts';
import { createS3Upkeep } from './upkeep.ts';

const PAGE = 500;

/**
 * Objects and records in the bucket of the configuration; `catalog` says which objects assets name. `homeDir` holds this machine's copies.
 * Nothing is loaded, made or asked before the first call of one of them. `credentials` only for tests: else the SDK's own chain finds them.
 */
export function openS3(
  config: { homeDir: string; aws: AwsConfig },
  catalog: Pick<Catalog, 'list'>,
  options: { credentials?: Credentials } = {},
): { objects: ObjectStore; records: Records; upkeep: Upkeep; close(): Promise<void> } {
  const bucket = new S3Bucket(config.aws, options);
  const records = createS3Records(bucket);
  async function* assetTexts(): AsyncGenerator<string> {
    for (let cursor: string | undefined; ; ) {
      const page = await catalog.list(undefined, {}, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      for (const asset of page.assets) yield JSON.stringify(asset);
      if (page.cursor === undefined) return;
      cursor = page.cursor;
    }
  }
  return {
    objects: createS3Objects(bucket, config.homeDir),
    records,
    upkeep: createS3Upkeep(bucket, assetTexts),
    async close() {
      await records.close();
      await bucket.close();
    },
  };
}
