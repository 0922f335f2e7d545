import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { freePorts } from './processes.ts';
import { type RadosCluster, startGateway } from './radosgw.ts';
import { BUCKET, plainClient, type S3Fixture, s3Fixture } from './s3.ts';

const cluster = inject('radosgw') as RadosCluster;
const LARGE_BYTES = 80_000_000;

describe.skipIf(!cluster)('objects in S3', () => {
  let fixture: S3Fixture;
  let plain: S3Client;
  beforeEach(async () => {
    fixture = await s3Fixture(cluster);
    plain = plainClient(cluster);
  });
  afterEach(async () => {
    plain.destroy();
    await fixture.close();
  });

  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
  const inBucket = (key: string): string => fixture.aws.s3.prefix + key;
  const keys = async (start: string): Promise<string[]> => {
    const { Contents = [] } = await plain.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: inBucket(start) }));
    return Contents.map(({ Key = '' }) => Key.slice(fixture.aws.s3.prefix.length));
  };

  test('a gateway killed in the middle of an upload leaves nothing half-written, and the same call works again', async () => {
    const [port] = await freePorts(1);
    const first = await startGateway(cluster, port);
    const { objects } = fixture.open({ s3: { endpoint: first.endpoint } });
    const file = await objects.scratchPath('mp4');
    await writeFile(file, randomBytes(LARGE_BYTES));
    const failed = objects.put({ path: file, move: true }, 'video/mp4').catch((error) => error);
    // The upload is under way once the store has a part of it.
    while ((await uploadsUnderWay()) === 0);
    process.kill(first.pid, 'SIGKILL');
    expect(await failed).toMatchObject({ code: 'UNAVAILABLE' });
    expect(() => process.kill(first.pid, 0)).toThrow('ESRCH');
    expect(await keys('objects/')).toEqual([]);
    expect((await readFile(file)).length).toBe(LARGE_BYTES);
    const second = await startGateway(cluster, port);
    const stored = await objects.put({ path: file, move: true }, 'video/mp4');
    expect(stored).toMatchObject({ byteLength: LARGE_BYTES, isNew: true });
    expect((await readFile((await fixture.open().objects.localPath(stored.key)) as string)).length).toBe(LARGE_BYTES);
    expect(await fixture.open().upkeep.checkObject(stored.key)).toBe('whole');
    await second.kill();
  });

  const uploadsUnderWay = async (): Promise<number> => {
    const { Uploads = [] } = await plain.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: inBucket('objects/') }));
    return Uploads.length;
  };

  test('a large file in parts comes back whole, once for any number of servers', async () => {
    const { objects } = fixture.open();
    const file = await objects.scratchPath('mp4');
    await writeFile(file, randomBytes(LARGE_BYTES / 4));
    const [a, b] = await Promise.all([objects.put({ path: file }, 'video/mp4'), fixture.open().objects.put({ path: file }, 'video/mp4')]);
    expect(a.key).toBe(b.key);
    expect(await fixture.open().objects.put({ path: file }, 'video/mp4')).toMatchObject({ isNew: false });
    expect(await keys('objects/')).toEqual([`objects/${a.key}`]);
    expect(Buffer.from((await objects.get(a.key)) as Uint8Array).equals(await readFile(file))).toBe(true);
  });

  test('a local copy is downloaded once and checked; a damaged object is refused', async () => {
    const { objects, upkeep } = fixture.open();
    const { key } = await objects.put(bytesOf('local'), 'image/png');
    const file = (await objects.localPath(key)) as string;
    await plain.send(new PutObjectCommand({ Bucket: BUCKET, Key: inBucket(`objects/${key}`), Body: 'damaged' }));
    expect(await objects.localPath(key)).toBe(file);
    expect(await readFile(file, 'utf8')).toBe('local');
    await objects.delete(key);
    await plain.send(new PutObjectCommand({ Bucket: BUCKET, Key: inBucket(`objects/${key}`), Body: 'damaged' }));
    await expect(objects.localPath(key)).rejects.toMatchObject({ code: 'INVALID_MEDIA' });
    expect(await upkeep.checkObject(key)).toBe('damaged');
    const listed: string[] = [];
    for await (const object of upkeep.objects()) listed.push(object.key);
    expect(listed).toEqual([key]);
  });

  test('an output has a readable key and a link that works; only its own object takes it away', async () => {
    const { objects } = fixture.open();
    const [film, other] = [await objects.put(bytesOf('film'), 'video/mp4'), await objects.put(bytesOf('other'), 'video/mp4')];
    const place = await objects.publish(film.key, 'Ein Film: Straße, 東京 & mehr?');
    expect(place).toBe(`s3://${BUCKET}/${fixture.aws.s3.prefix}outputs/Ein Film Straße, 東京 & mehr ${film.key.slice(0, 12)}.mp4`);
    expect(await objects.publish(film.key, 'Ein Film: Straße, 東京 & mehr?')).toBe(place);
    const answer = await fetch((await objects.link(place)) as string);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'video/mp4', 'film']);
    const original = await fetch((await objects.link((await objects.place(film.key)) as string)) as string);
    expect(await original.text()).toBe('film');
    const tampered = ((await objects.link(place)) as string).replace(/Signature=../, 'Signature=00');
    expect((await fetch(tampered)).status).toBe(403);
    expect(await objects.link('s3://another-bucket/x')).toBeUndefined();
    await objects.unpublish(other.key, place);
    await objects.unpublish(film.key, `s3://${BUCKET}/another`);
    expect(await keys('outputs/')).toHaveLength(1);
    await objects.unpublish(film.key, place);
    expect(await keys('outputs/')).toEqual([]);
  });

  test('a wrong secret, a bucket that is not there and a server that is not there are told apart', async () => {
    const key = `${'0'.repeat(64)}.jpg`;
    const wrongSecret = fixture.open({ secretAccessKey: 'wrong' }).objects;
    await expect(wrongSecret.put(bytesOf('x'), 'image/png')).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining('credentials') });
    await expect(fixture.open({ s3: { bucket: 'nobody-has-this' } }).objects.get(key)).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: 'There is no bucket "nobody-has-this".',
    });
    const [port] = await freePorts(1);
    await expect(fixture.open({ s3: { endpoint: `http://127.0.0.1:${port}` } }).objects.get(key)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  // The gateway knows one region and one account, so these answers (AmazonS3/latest/API/ErrorResponses.html) come from a plain server.
  test.each([
    [403, 'AccessDenied', '', 'FORBIDDEN', /s3:GetObject on bucket/],
    [403, 'ExpiredToken', '', 'MISCONFIGURED', /credentials.*ExpiredToken/],
    [301, 'PermanentRedirect', 'eu-west-1', 'MISCONFIGURED', /it is in eu-west-1/],
    [503, 'SlowDown', '', 'RATE_LIMITED', /slow down/],
    [500, 'InternalError', '', 'UNAVAILABLE', /does not answer/],
  ])('status %s %s', async (status, code, region, expected, message) => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.writeHead(status, { 'content-type': 'application/xml', ...(region ? { 'x-amz-bucket-region': region } : {}) });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>provider text</Message></Error>`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const error = await fixture
      .open({ s3: { endpoint: `http://127.0.0.1:${port}` } })
      .objects.get(`${'0'.repeat(64)}.jpg`)
      .catch((thrown) => thrown);
    server.close();
    expect(error).toMatchObject({ code: expected, message: expect.stringMatching(message) });
    expect(`${error.message} ${error.hint}`).not.toContain('provider text');
    expect(requests).toBe(status >= 500 ? 5 : 1);
  });

  test('the key of the account and of KMS, and the checksum, go with every write', async () => {
    const seen: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers);
      request.resume().on('end', () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const s3 = { endpoint: `http://127.0.0.1:${port}`, kmsKey: 'alias/films', bucketOwner: '123456789012' };
    const { sha256 } = await fixture.open({ s3 }).objects.put(bytesOf('x'), 'image/png');
    server.close();
    expect(seen[0]).toMatchObject({
      'if-none-match': '*',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/films',
      'x-amz-expected-bucket-owner': '123456789012',
      'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
    });
  });
});
