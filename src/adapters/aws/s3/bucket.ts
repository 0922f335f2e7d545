import type { GetObjectCommandInput, PutObjectCommandInput } from '@aws-sdk/client-s3';
import type { AwsConfig } from '../../../config.ts';
import { AppError } from '../../../errors.ts';
import { type Credentials, type OpenClient, openClient } from './client.ts';
import { nameOf, s3Error, statusOf } from './errors.ts';
import { ServerClock } from './server-clock.ts';

/** A larger object is uploaded in parts of this size, several at a time. */
export const PART_BYTES = 16 << 20;
const PARTS_AT_ONCE = 3;
/** Tries of a write that S3 answers with 409: another one to the same key was in flight. */
const COLLISIONS = 6;
/** Keys that one request deletes (DeleteObjects, S3 API reference). */
export const MAX_DELETE = 1000;

export interface Listed {
  key: string;
  byteLength: number;
  /** When it was stored, by the server's clock. */
  storedMs: number;
}

/**
 * One bucket, below one prefix: the only place that knows the SDK, which is loaded at the first request. Keys are given and returned without the
 * prefix; `undefined` means not there. Everything else that fails is an `AppError` as `s3Error` says.
 */
export class S3Bucket {
  readonly clock = new ServerClock();
  readonly #config: AwsConfig;
  readonly #credentials: Credentials | undefined;
  #client: Promise<OpenClient> | undefined;

  /** `credentials` only for tests; else the SDK's own chain finds them. MISCONFIGURED without a bucket. */
  constructor(config: AwsConfig, options: { credentials?: Credentials } = {}) {
    if (config.s3.bucket === undefined) throw new AppError('MISCONFIGURED', 'No bucket is configured.', { hint: 'Set VRAG_S3_BUCKET.' });
    this.#config = config;
    this.#credentials = options.credentials;
  }

  /** `s3://bucket/prefix/key`. */
  address(key: string): string {
    return `s3://${this.#config.s3.bucket}/${this.#config.s3.prefix}${key}`;
  }

  /** The key of one of our addresses. */
  keyOf(address: string): string | undefined {
    const start = this.address('');
    return address.startsWith(start) ? address.slice(start.length) : undefined;
  }

  /** Stores bytes. With `onlyNew` false where the key is taken, which then keeps its content. `sha256` in hexadecimal digits is checked by S3. */
  async put(key: string, bytes: Uint8Array, options: { mediaType: string; onlyNew?: boolean; sha256?: string }): Promise<boolean> {
    const checksum = options.sha256 === undefined ? {} : { ChecksumSHA256: Buffer.from(options.sha256, 'hex').toString('base64') };
    const input = { ...this.#written(key, options), ...checksum, Body: bytes, ContentLength: bytes.length };
    return this.#taken(() => this.#send('s3:PutObject', ({ sdk, client }) => client.send(new sdk.PutObjectCommand(input))));
  }

  /**
   * Stores a stream in parts; it is whole or not there. As `put` otherwise, but `body` is read anew for each try. A failure of the stream
   * itself ends the upload and is thrown as it is.
   */
  async upload(key: string, body: () => NodeJS.ReadableStream, options: { mediaType: string; onlyNew?: boolean; sha256?: string }): Promise<boolean> {
    const { Upload } = await import('@aws-sdk/lib-storage');
    return this.#taken(() =>
      this.#send('s3:PutObject', ({ client }) => {
        const params = { ...this.#written(key, options), Body: body() as NodeJS.ReadableStream as PutObjectCommandInput['Body'] };
        return new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done();
      }),
    );
  }

  /** Bytes [start, end) where given (empty where the object ends before `start`), else all. */
  async get(key: string, range?: { start: number; end: number }): Promise<Uint8Array | undefined> {
    try {
      const answer = await this.#read(key, range && { Range: `bytes=${range.start}-${range.end - 1}` });
      return await answer?.transformToByteArray();
    } catch (error) {
      if (error instanceof AppError && statusOf(error.cause) === 416) return new Uint8Array();
      throw error instanceof AppError ? error : s3Error(error, 's3:GetObject', this.#config.s3);
    }
  }

  /** The bytes as they arrive. */
  async stream(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const body = (await this.#read(key)) as AsyncIterable<Uint8Array> | undefined;
    return body && this.#arriving(body);
  }

  async *#arriving(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw s3Error(error, 's3:GetObject', this.#config.s3);
    }
  }

  async head(key: string): Promise<{ byteLength: number; sha256: string | undefined } | undefined> {
    const answer = await this.#there('s3:GetObject', ({ sdk, client }) => client.send(new sdk.HeadObjectCommand(this.#named(key))));
    return answer && { byteLength: answer.ContentLength ?? 0, sha256: answer.Metadata?.sha256 };
  }

  /** One page of keys in order (at most 1,000 keys, one request), those after `after`. */
  async list(start: string, options: { after?: string; limit?: number } = {}): Promise<{ listed: Listed[]; more: boolean }> {
    const { prefix } = this.#config.s3;
    const input = {
      ...this.#bucket(),
      Prefix: prefix + start,
      ...(options.limit === undefined ? {} : { MaxKeys: options.limit }),
      ...(options.after === undefined ? {} : { StartAfter: prefix + options.after }),
    };
    const answer = await this.#send('s3:ListBucket', ({ sdk, client }) => client.send(new sdk.ListObjectsV2Command(input)));
    const listed = (answer.Contents ?? []).map(({ Key = '', Size = 0, LastModified }) => {
      return { key: Key.slice(prefix.length), byteLength: Size, storedMs: LastModified?.getTime() ?? 0 };
    });
    return { listed, more: answer.IsTruncated === true };
  }

  /** All keys in order, a request for every 1,000. */
  async *all(start: string, options: { after?: string } = {}): AsyncIterable<Listed> {
    let { after } = options;
    for (;;) {
      const { listed, more } = await this.list(start, after === undefined ? {} : { after });
      yield* listed;
      if (!more || listed.length === 0) return;
      after = listed[listed.length - 1].key;
    }
  }

  /** Copies within the bucket, with its media type and sha256; false where there is nothing to copy. */
  async copy(from: string, to: string): Promise<boolean> {
    const { bucket, prefix, bucketOwner } = this.#config.s3;
    const input = {
      ...this.#named(to),
      ...this.#encryption(),
      CopySource: `${bucket}/${encodeURI(prefix + from)}`,
      ...(bucketOwner === undefined ? {} : { ExpectedSourceBucketOwner: bucketOwner }),
    };
    return (await this.#there('s3:PutObject', ({ sdk, client }) => client.send(new sdk.CopyObjectCommand(input)))) !== undefined;
  }

  /** What is not there is no error. */
  async delete(...keys: string[]): Promise<void> {
    if (keys.length === 1) {
      await this.#send('s3:DeleteObject', ({ sdk, client }) => client.send(new sdk.DeleteObjectCommand(this.#named(keys[0]))));
      return;
    }
    for (let at = 0; at < keys.length; at += MAX_DELETE) {
      const Objects = keys.slice(at, at + MAX_DELETE).map((key) => ({ Key: this.#config.s3.prefix + key }));
      const input = { ...this.#bucket(), Delete: { Objects, Quiet: true } };
      const answer = await this.#send('s3:DeleteObject', ({ sdk, client }) => client.send(new sdk.DeleteObjectsCommand(input)));
      const [failed] = answer.Errors ?? [];
      if (failed) throw s3Error({ name: failed.Code, message: failed.Message, $metadata: { httpStatusCode: 403 } }, 's3:DeleteObject', this.#config.s3);
    }
  }

  /** An https link that works for VRAG_URL_MINUTES. Made here, without a request. */
  async link(key: string): Promise<string> {
    const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
    return this.#send('s3:GetObject', ({ sdk, client }) =>
      getSignedUrl(client, new sdk.GetObjectCommand({ ...this.#bucket(), Key: this.#config.s3.prefix + key }), { expiresIn: this.#config.s3.urlMinutes * 60 }),
    );
  }

  async close(): Promise<void> {
    (await this.#client)?.client.destroy();
  }

  #bucket() {
    const { bucket, bucketOwner } = this.#config.s3;
    return { Bucket: bucket, ...(bucketOwner === undefined ? {} : { ExpectedBucketOwner: bucketOwner }) };
  }

  #named(key: string) {
    return { ...this.#bucket(), Key: this.#config.s3.prefix + key };
  }

  #encryption() {
    const { kmsKey } = this.#config.s3;
    return kmsKey === undefined ? {} : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKey };
  }

  #written(key: string, { mediaType, onlyNew, sha256 }: { mediaType: string; onlyNew?: boolean; sha256?: string }) {
    return {
      ...this.#named(key),
      ...this.#encryption(),
      ContentType: mediaType,
      ...(onlyNew ? { IfNoneMatch: '*' } : {}),
      ...(sha256 === undefined ? {} : { Metadata: { sha256 } }),
    };
  }

  async #read(key: string, range: Pick<GetObjectCommandInput, 'Range'> = {}) {
    const answer = await this.#there('s3:GetObject', ({ sdk, client }) => client.send(new sdk.GetObjectCommand({ ...this.#named(key), ...range })));
    return answer?.Body;
  }

  /** `undefined` for 404, but not where the bucket itself is not there. */
  async #there<T>(permission: string, request: (s3: OpenClient) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#send(permission, request);
    } catch (error) {
      const cause = error instanceof AppError ? error.cause : error;
      if (statusOf(cause) === 404 && nameOf(cause) !== 'NoSuchBucket') return undefined;
      throw error;
    }
  }

  /** False for 412. A 409 says that another write to the key was in flight, so it tells nothing yet (S3 API reference, PutObject). */
  async #taken(write: () => Promise<unknown>): Promise<boolean> {
    for (let collision = 1; ; collision++) {
      try {
        await write();
        return true;
      } catch (error) {
        const status = error instanceof AppError ? statusOf(error.cause) : undefined;
        if (status === 412) return false;
        if (status !== 409 || collision >= COLLISIONS) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * 2 ** collision));
      }
    }
  }

  async #send<T>(permission: string, request: (s3: OpenClient) => Promise<T>): Promise<T> {
    this.#client ??= openClient(this.#config, { clock: this.clock, credentials: this.#credentials });
    try {
      return await request(await this.#client);
    } catch (error) {
      throw s3Error(error, permission, this.#config.s3);
    }
  }
}
