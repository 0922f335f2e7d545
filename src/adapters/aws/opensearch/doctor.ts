import { randomBytes } from 'node:crypto';
import type { Config } from '../../../config.ts';
import { AppError } from '../../../errors.ts';
import type { Check } from '../../doctor/check.ts';
import { Engine } from './engine.ts';
import { failure } from './failures.ts';

const KINDS = { domain: 'managed domain', classic: 'Serverless Classic', nextgen: 'Serverless NextGen' };

/** The check of the OpenSearch of a configuration; [] where none is: what it is, and whether this role may do all that the catalog does, in an index of its own that is deleted. */
export function openSearchChecks({ profile, aws: { openSearch, region } }: Config): Check[] {
  const { url } = openSearch;
  if (url === undefined && profile !== 'aws') return [];
  const look = async () => {
    if (url === undefined)
      throw new AppError('MISCONFIGURED', 'The aws profile needs an OpenSearch.', { hint: 'Set VRAG_OPENSEARCH_URL; see docs/aws-opensearch.md.' });
    const engine = new Engine({ ...openSearch, url, region });
    const index = `${openSearch.prefix}-doctor-${randomBytes(6).toString('hex')}`;
    try {
      const kind = await engine.kind();
      await engine.createIndex(index, {});
      await engine.addVectorField(index, 'g1', 2);
      const [{ status }] = await engine.bulk([{ action: { index: { _index: index } }, document: '{"id":"doctor"}' }]);
      if (status >= 300) throw failure(status, '', undefined);
      await engine.search([{ index, body: { size: 1 } }]);
      return { state: 'ok' as const, text: `${KINDS[kind]}, an index may be made, written, searched and deleted` };
    } finally {
      await engine.deleteIndex(index).finally(() => engine.close());
    }
  };
  return [{ what: 'catalog: OpenSearch', look }];
}
