import type { API, Client, Types } from '@opensearch-project/opensearch';
import { AppError } from '../../../errors.ts';
import { repeated } from './backoff.ts';
import { failure, plainError, reasonOf, statusOf } from './failures.ts';
import { Joined } from './joined.ts';
import { indexBody, type Kind, mappingOf } from './mapping.ts';

/** One request; a large bulk on a small domain takes some seconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Where the k-NN query takes `method_parameters` and the lucene engine searches nested vectors by filters of their parents. */
const LEAST_VERSION: readonly [major: number, minor: number] = [2, 17];

export interface EngineOptions {
  /** Address of the domain or of the Serverless collection. */
  url: string;
  /** Absent: that of the address, else as the AWS SDK finds it. */
  region?: string;
  kind: Kind | 'auto';
  /** Every index begins with it. */
  prefix: string;
  /** Compression of vectors, e.g. `4x`; absent: the service's own default. */
  compression?: string;
}

export type Query = Types.Common_QueryDsl.QueryContainer;
export type SearchBody = Types.Core_Msearch.MultisearchBody;
export type SearchResult = Types.Core_Search.SearchResult<Record<string, unknown>>;

/** Orders that are the same each time. */
export const OLDEST_FIRST: Types.Common.SortCombinations[] = [{ created: { order: 'asc' } }, { id: { order: 'asc' } }];
export const BEST_FIRST: Types.Common.SortCombinations[] = [{ _score: { order: 'desc' } }, ...OLDEST_FIRST];

export interface Search {
  /** An index, or a pattern, which may match nothing. */
  index: string;
  body: SearchBody;
}

/** One action of a bulk request: a line, and the document's line where it has one. */
export interface BulkAction {
  action: Types.Core_Bulk.OperationContainer;
  /** As JSON. */
  document?: string;
}

export interface BulkOutcome {
  status: number;
  /** The document's own id in the index. */
  documentId: string;
}

const isPassing = (error: unknown): boolean => statusOf(error) === 429;

/** A managed domain or Serverless collection: signed requests, bounded in time, repeated after a 429, with errors in plain words. Connects at the first call. */
export class Engine {
  readonly options: EngineOptions;
  #client: Promise<Client> | undefined;
  #kind: Promise<Kind> | undefined;
  readonly #refreshes = new Joined<unknown>();

  constructor(options: EngineOptions) {
    this.options = options;
  }

  /** What it is; found out at the first call where the configuration does not say. */
  kind(): Promise<Kind> {
    const { kind } = this.options;
    this.#kind ??= kind === 'auto' ? this.#probe() : Promise.resolve(kind);
    this.#kind.catch(() => {
      this.#kind = undefined;
    });
    return this.#kind;
  }

  /** Several searches in one request, each with its own result; UNAVAILABLE where a part of an index does not answer, MISCONFIGURED where one is gone. */
  async search(searches: readonly Search[]): Promise<SearchResult[]> {
    if (searches.length === 0) return [];
    const body = searches.flatMap(({ index, body: one }): [Types.Core_Msearch.MultisearchHeader, SearchBody] => [
      { index, ignore_unavailable: true, allow_no_indices: true, allow_partial_search_results: false },
      one,
    ]);
    const answered = await this.#call((client) => client.msearch({ body }), {
      isDone: ({ body: { responses } }) => !responses.some((response) => 'status' in response && response.status === 429),
    });
    return answered.body.responses.map((response, i) => {
      if ('error' in response) throw failure(response.status, '', response.error);
      const result = response as SearchResult;
      if (result._shards?.total === 0 && !searches[i].index.endsWith('*')) throw gone(searches[i].index);
      return result;
    });
  }

  /** Documents by their own ids as they are now, also before a refresh. Domains only. */
  async read(index: string, ids: readonly string[]): Promise<Types.Core_Mget.ResponseItem[]> {
    const { body } = await this.#call((client) => client.mget({ index, body: { ids: [...ids] } }));
    return body.docs;
  }

  /** One bulk request; parts that were refused with a 429 or 503 are sent again, other outcomes are the caller's. */
  async bulk(actions: readonly BulkAction[]): Promise<BulkOutcome[]> {
    const outcomes: BulkOutcome[] = new Array(actions.length);
    let open = actions.map((_, i) => i);
    const send = async () => {
      const lines = open.flatMap((i) => [JSON.stringify(actions[i].action), ...(actions[i].document === undefined ? [] : [actions[i].document])]);
      const { body } = await this.#call((client) => client.bulk({ body: lines as API.Bulk_RequestBody }));
      body.items.forEach((item, at) => {
        const [outcome] = Object.values(item);
        outcomes[open[at]] = { status: outcome?.status ?? 500, documentId: outcome?._id ?? '' };
      });
      open = open.filter((i) => outcomes[i].status === 429 || outcomes[i].status === 503);
    };
    await repeated(send, { isDone: () => open.length === 0, isWorthATry: () => false });
    return outcomes;
  }

  /** CONFLICT where it is there. */
  async createIndex(index: string, meta: Record<string, unknown>): Promise<void> {
    const body = indexBody(await this.kind(), meta);
    await this.#call((client) => client.indices.create({ index, body })).catch(async (error: AppError) => {
      // Versions before 2.19 do not know the setting, and need it not.
      if (statusOf(error.cause) !== 400 || !reasonOf(error.cause).includes('derived_source')) throw error;
      const { 'knn.derived_source.enabled': _unknown, ...settings } = body.settings as Record<string, unknown>;
      await this.#call((client) => client.indices.create({ index, body: { ...body, settings } }));
    });
  }

  async deleteIndex(index: string): Promise<void> {
    await this.#call((client) => client.indices.delete({ index, ignore_unavailable: true })).catch((error: AppError) => {
      if (statusOf(error.cause) !== 404) throw error;
    });
  }

  /** Adds a field for vectors; MISCONFIGURED where the service does not take the configured compression. */
  async addVectorField(index: string, field: string, dimensions: number): Promise<void> {
    const { compression } = this.options;
    const body = mappingOf(field, dimensions, { kind: await this.kind(), compression });
    await this.#call((client) => client.indices.putMapping({ index, body })).catch((error: AppError) => {
      if (statusOf(error.cause) !== 400 || compression === undefined) throw error;
      throw new AppError('MISCONFIGURED', `OpenSearch does not take VRAG_OPENSEARCH_COMPRESSION=${compression} for vectors of ${dimensions} dimensions.`, {
        hint: 'Leave it out, or use a compression that this kind and version has (docs/aws-opensearch.md).',
        cause: error.cause,
      });
    });
  }

  /** Makes what was written to an index visible to searches; writes that end at the same time share it. Domains only. */
  async refresh(index: string): Promise<void> {
    await this.#refreshes.ask(index, () => this.#call((client) => client.indices.refresh({ index, ignore_unavailable: true })));
  }

  async close(): Promise<void> {
    await (await this.#client?.catch(() => undefined))?.close();
  }

  async #call<T>(call: (client: Client) => PromiseLike<T>, { isDone = () => true }: { isDone?(answer: T): boolean } = {}): Promise<T> {
    try {
      const client = await this.#open();
      return await repeated(async () => call(client), { isDone, isWorthATry: isPassing });
    } catch (error) {
      throw plainError(error);
    }
  }

  #open(): Promise<Client> {
    this.#client ??= openClient(this.options);
    return this.#client;
  }

  /** A domain tells its version; Serverless does not know that address. Of the two generations of Serverless only Classic takes `engine`. */
  async #probe(): Promise<Kind> {
    const { url, prefix } = this.options;
    if (!isServerless(url)) {
      const version = await this.#version();
      if (version !== undefined) return checkedVersion(version);
    }
    const index = `${prefix}-probe-${Math.random().toString(36).slice(2, 10)}`;
    const body = { ...indexBody('classic', {}), mappings: mappingOf('probe', 2, { kind: 'classic' }) };
    try {
      await this.#call((client) => client.indices.create({ index, body }));
    } catch (error) {
      const cause = error instanceof AppError ? error.cause : error;
      if (statusOf(cause) === 400 && /engine/i.test(reasonOf(cause))) return 'nextgen';
      throw error;
    }
    await this.deleteIndex(index);
    return 'classic';
  }

  async #version(): Promise<string | undefined> {
    try {
      return (await this.#call((client) => client.info())).body.version.number;
    } catch (error) {
      if (error instanceof AppError && statusOf(error.cause) === 404) return undefined;
      throw error;
    }
  }
}

function gone(index: string): AppError {
  return new AppError('MISCONFIGURED', `The index ${index}, which the record of its collection names, is not there.`, {
    hint: 'Where the collection was deleted just now, that is all. Else restore the index from a snapshot, or delete the collection and ingest it again.',
  });
}

export function isServerless(url: string): boolean {
  return /\.aoss\.amazonaws\.com(?:\.cn)?$/.test(new URL(url).hostname);
}

function checkedVersion(version: string): Kind {
  const [major, minor] = version.split('.').map(Number);
  if (major > LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor >= LEAST_VERSION[1])) return 'domain';
  throw new AppError('MISCONFIGURED', `The domain runs OpenSearch ${version}; the catalog needs ${LEAST_VERSION.join('.')} or newer.`, {
    hint: 'Upgrade the domain.',
  });
}

async function openClient({ url, region, kind }: EngineOptions): Promise<Client> {
  const [{ Client: OpenSearch }, { AwsSigv4Signer }] = await Promise.all([
    import('@opensearch-project/opensearch'),
    import('@opensearch-project/opensearch/aws'),
  ]);
  const service = isServerless(url) || kind === 'classic' || kind === 'nextgen' ? 'aoss' : 'es';
  const signer = AwsSigv4Signer({ region: region ?? regionOfAddress(url) ?? (await regionOfSdk()), service });
  return new OpenSearch({ ...signer, node: url, requestTimeout: REQUEST_TIMEOUT_MS, maxRetries: 2 });
}

/** Addresses of the service hold the region: `https://NAME.REGION.es.amazonaws.com`, `https://ID.REGION.aoss.amazonaws.com`. */
function regionOfAddress(url: string): string | undefined {
  return /\.([a-z0-9-]+)\.(?:es|aoss)\.amazonaws\.com(?:\.cn)?$/.exec(new URL(url).hostname)?.[1];
}

async function regionOfSdk(): Promise<string> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  try {
    return await new S3Client({}).config.region();
  } catch (cause) {
    throw new AppError('MISCONFIGURED', 'The AWS region is not known.', { hint: 'Set VRAG_AWS_REGION.', cause });
  }
}
