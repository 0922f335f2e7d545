import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import type { Catalog, Ports } from '../../ports.ts';
import { openS3 } from './s3/open.ts';

/**
 * The ports of the `aws` profile: state in S3 and OpenSearch, models on Bedrock; what looks at pictures and handles media stays on this machine
 * (`local`, of which the store is never touched). MISCONFIGURED where a setting is missing.
 */
export function openAwsPorts(config: Config, local: Ports): Ports {
  const missing = config.aws.s3.bucket === undefined ? ['VRAG_S3_BUCKET'] : [];
  if (missing.length > 0) {
    throw new AppError('MISCONFIGURED', `The aws profile needs ${missing.join(' and ')}.`, { hint: 'Set it, or leave VRAG_PROFILE out; see docs/aws.md.' });
  }
  const catalog = openCatalog();
  const { objects, records, upkeep, close } = openS3(config, catalog);
  return {
    ...local,
    catalog,
    objects,
    records,
    upkeep,
    async close() {
      await close();
      await local.close();
    },
  };
}

function openCatalog(): Catalog {
  throw new AppError('MISCONFIGURED', 'The aws profile has no catalog yet.', { hint: 'Leave VRAG_PROFILE out to work in the data folder.' });
}
