import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import type { Catalog, Ports } from '../../ports.ts';
import { createOpenSearchCatalog } from './opensearch/catalog.ts';
import { openS3 } from './s3/open.ts';

/**
 * The ports of the `aws` profile: state in S3 and OpenSearch, models on Bedrock; what looks at pictures and handles media stays on this machine
 * (`local`, of which the store is never touched). MISCONFIGURED where a setting is missing.
 */
export function openAwsPorts(config: Config, local: Ports): Ports {
  const { region, s3, openSearch } = config.aws;
  const { url } = openSearch;
  if (s3.bucket === undefined || url === undefined) {
    const missing = [...(s3.bucket === undefined ? ['VRAG_S3_BUCKET'] : []), ...(url === undefined ? ['VRAG_OPENSEARCH_URL'] : [])];
    throw new AppError('MISCONFIGURED', `The aws profile needs ${missing.join(' and ')}.`, { hint: 'Set it, or leave VRAG_PROFILE out; see docs/aws.md.' });
  }
  // The store asks which objects assets name, the catalog keeps its collections in the store's records.
  const named: Pick<Catalog, 'list'> = { list: (...page) => opened.catalog.list(...page) };
  const { objects, records, upkeep, close } = openS3(config, named);
  const opened = createOpenSearchCatalog({ ...openSearch, url, region }, records);
  return {
    ...local,
    catalog: opened.catalog,
    objects,
    records,
    upkeep,
    async close() {
      await opened.close();
      await close();
      await local.close();
    },
  };
}
