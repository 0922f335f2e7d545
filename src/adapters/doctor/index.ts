import type { Config } from '../../config.ts';
import { bedrockChecks } from '../aws/bedrock/doctor.ts';
import { openSearchChecks } from '../aws/opensearch/doctor.ts';
import { s3Checks } from '../aws/s3/doctor.ts';
import type { Check } from './check.ts';
import { localChecks } from './local.ts';

export { type Check, type Finding, lookAt } from './check.ts';

/** Everything that a server with this configuration needs, in the order in which it is looked at. Nothing is looked at yet. */
export function checksOf(config: Config): Check[] {
  return [...localChecks(config), ...s3Checks(config), ...openSearchChecks(config), ...bedrockChecks(config)];
}
