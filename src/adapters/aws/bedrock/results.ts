import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { AppError } from '../../../errors.ts';
import type { CallOptions } from '../../../ports.ts';

export interface ResultsOptions {
  region: string;
  /** Account that the bucket must belong to. */
  bucketOwner?: string | undefined;
}

/** A place in S3. */
export interface Place {
  bucket: string;
  key: string;
}

const TIMEOUT_SECONDS = 50;

/** The bucket that Bedrock writes results of jobs to, as their reader sees it. Errors are `AppError`s: FORBIDDEN, MISCONFIGURED, UNAVAILABLE. */
export class Results {
  readonly #options: ResultsOptions;
  #client: Promise<S3Client> | undefined;

  constructor(options: ResultsOptions) {
    this.#options = options;
  }

  /** All objects whose keys begin with the place's. */
  async list({ bucket, key }: Place, call: CallOptions = {}): Promise<{ key: string; byteLength: number }[]> {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
    const query = { Bucket: bucket, Prefix: key, ...this.#owner() };
    const { Contents = [] } = await this.#ask('s3:ListBucket', bucket, call, (client, signal) => client.send(new ListObjectsV2Command(query), signal));
    return Contents.flatMap(({ Key, Size = 0 }) => (Key ? [{ key: Key, byteLength: Size }] : []));
  }

  /** `undefined` where there is no such object. */
  async text(place: Place, call: CallOptions = {}): Promise<string | undefined> {
    const { GetObjectCommand, NoSuchKey } = await import('@aws-sdk/client-s3');
    return this.#ask('s3:GetObject', place.bucket, call, async (client, signal) => {
      try {
        const { Body } = await client.send(new GetObjectCommand(this.#at(place)), signal);
        return await Body?.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    });
  }

  async put(place: Place, text: string, call: CallOptions = {}): Promise<void> {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3');
    const object = { ...this.#at(place), Body: Buffer.from(text), ContentType: 'application/json' };
    await this.#ask('s3:PutObject', place.bucket, call, (client, signal) => client.send(new PutObjectCommand(object), signal));
  }

  /** The object as a local file, complete or not there. */
  async fetch(place: Place, file: string, call: CallOptions = {}): Promise<void> {
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const part = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}.part`;
    await mkdir(path.dirname(file), { recursive: true });
    try {
      await this.#ask('s3:GetObject', place.bucket, call, async (client, options) => {
        const { Body } = await client.send(new GetObjectCommand(this.#at(place)), options);
        await pipeline(Body as Readable, createWriteStream(part), { signal: options.abortSignal });
      });
      await rename(part, file);
    } finally {
      await rm(part, { force: true });
    }
  }

  close(): void {
    void this.#client?.then((client) => client.destroy()).catch(() => undefined);
  }

  #owner(): { ExpectedBucketOwner?: string } {
    const { bucketOwner } = this.#options;
    return bucketOwner ? { ExpectedBucketOwner: bucketOwner } : {};
  }

  #at({ bucket, key }: Place) {
    return { Bucket: bucket, Key: key, ...this.#owner() };
  }

  async #ask<T>(
    action: string,
    bucket: string,
    { signal }: CallOptions,
    send: (client: S3Client, options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const { region } = this.#options;
    this.#client ??= import('@aws-sdk/client-s3').then((sdk) => new sdk.S3Client({ region }));
    const limit = AbortSignal.timeout(TIMEOUT_SECONDS * 1000);
    try {
      return await send(await this.#client, { abortSignal: signal ? AbortSignal.any([signal, limit]) : limit });
    } catch (error) {
      throw refused(error, { action, bucket, region, signal });
    }
  }
}

function refused(error: unknown, about: { action: string; bucket: string; region: string; signal: AbortSignal | undefined }): AppError {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const { action, bucket, region, signal } = about;
  const options = (hint: string) => ({ hint, cause: error });
  if (signal?.aborted) return new AppError('CANCELLED', 'The call was cancelled.', { cause: error });
  if (name === 'NoSuchBucket') return new AppError('MISCONFIGURED', `There is no bucket "${bucket}".`, options('Set VRAG_VIDEO_OUTPUT to one of yours.'));
  if (name === 'PermanentRedirect' || $metadata?.httpStatusCode === 301) {
    return new AppError(
      'MISCONFIGURED',
      `The bucket "${bucket}" is not in ${region}.`,
      options('Video models write to a bucket of their own region: set VRAG_VIDEO_OUTPUT to one there.'),
    );
  }
  if (name === 'CredentialsProviderError') return new AppError('MISCONFIGURED', 'There are no AWS credentials.', options('Set AWS_PROFILE, for example.'));
  if ($metadata?.httpStatusCode === 403) {
    return new AppError('FORBIDDEN', `The AWS identity may not do ${action} in "${bucket}".`, options(`Allow ${action} there; "vrag-mcp doctor" checks it.`));
  }
  return new AppError('UNAVAILABLE', `Amazon S3 did not answer (${action}).`, options('Try again later.'));
}
