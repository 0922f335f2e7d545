import type { Rewrite, Seen } from './signing-proxy.ts';

/** How long a write is not seen: the service's own delay is 10 s and more, and it may be anything. */
const REFRESH_INTERVAL = '200ms';

const refuse = (status: number, reason: string) => ({ status, body: { status, error: { type: 'illegal_argument_exception', reason } } });
const unknown = { status: 404, body: {} };

/**
 * What OpenSearch Serverless takes and refuses, before a real node: no ids of the client's, no refresh, no `GET /`, no scripts and no version checks;
 * Classic wants the engine faiss, NextGen refuses the word; reads are late. The node itself searches with lucene, because its faiss libraries are
 * not on Maven Central.
 */
export function serverless(generation: 'classic' | 'nextgen'): Rewrite {
  return (seen) => {
    const [path, query = ''] = seen.path.split('?');
    if (path === '/' || /^\/_(?:cluster|nodes|tasks|stats)|\/_(?:refresh|flush|update_by_query|delete_by_query|reindex|update|pit)/.test(path)) return unknown;
    if (/(?:^|&)(?:refresh|if_seq_no|version)=/.test(query)) return refuse(400, 'true refresh policy is not supported');
    if (path.endsWith('/_bulk')) return bulk(seen);
    if (/"(?:script|script_score|method_parameters|seq_no_primary_term)"/.test(seen.body)) return refuse(400, 'not supported');
    return seen.method === 'PUT' || path.endsWith('/_mapping') ? mapping(seen, generation) : seen;
  };
}

function bulk(seen: Seen): ReturnType<Rewrite> {
  const actions = seen.body
    .split('\n')
    .filter((line) => /^\{"(?:index|create|update|delete)":/.test(line))
    .map((line) => JSON.parse(line) as Record<string, { _id?: string; if_seq_no?: number }>);
  const isRefused = actions.some(({ index, create, update, delete: deleted }) => create?._id || index?._id || update || deleted?.if_seq_no !== undefined);
  if (!isRefused) return seen;
  const error = { type: 'illegal_argument_exception', reason: 'Document ID is not supported in create/index operation request' };
  return { status: 200, body: { took: 1, errors: true, items: actions.map((action) => ({ [Object.keys(action)[0]]: { status: 400, error } })) } };
}

function mapping(seen: Seen, generation: 'classic' | 'nextgen'): ReturnType<Rewrite> {
  const engines = [...seen.body.matchAll(/"engine":"(\w+)"/g)].map(([, engine]) => engine);
  if (generation === 'nextgen' && engines.length > 0) return refuse(400, "Field parameter 'engine' is not supported");
  if (engines.some((engine) => engine !== 'faiss')) return refuse(400, 'only the engine faiss is supported');
  const lucene = seen.body.replaceAll('"engine":"faiss",', '').replaceAll('"name":"hnsw",', '"name":"hnsw","engine":"lucene",');
  const body = lucene.replace('"knn":true', `"knn":true,"refresh_interval":"${REFRESH_INTERVAL}"`);
  return { ...seen, body };
}
