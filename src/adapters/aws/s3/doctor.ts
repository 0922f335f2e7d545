import { randomBytes } from 'node:crypto';
import type { Config } from '../../../config.ts';
import type { Check, Finding } from '../../doctor/check.ts';
import { S3Bucket } from './bucket.ts';

/** Clocks that differ by more make S3 refuse requests (RequestTimeTooSkewed, at 15 minutes); leases are right up to then. */
const NOTED_SKEW_MS = 60_000;

/**
 * The checks of the bucket of the `aws` profile; [] with another. What all state rests on is tried with small objects that are deleted again: a key
 * is written once and never over (`If-None-Match: *`), what was written is read, listed and copied at once, and what was deleted is gone.
 */
export function s3Checks({ profile, aws }: Config): Check[] {
  if (profile !== 'aws') return [];
  const { bucket: name = 'no bucket' } = aws.s3;
  const withBucket = (look: (bucket: S3Bucket, folder: string) => Promise<Finding>) => async () => {
    const bucket = new S3Bucket(aws);
    const folder = `doctor/${randomBytes(8).toString('hex')}/`;
    try {
      return await look(bucket, folder);
    } finally {
      // What the check found counts, not whether the bucket could be tidied after it.
      await clear(bucket, folder).catch(() => undefined);
      await bucket.close();
    }
  };
  return [
    { what: `objects: ${name}`, look: withBucket(objects) },
    { what: `records: ${name}`, look: withBucket(records) },
  ];
}

async function clear(bucket: S3Bucket, folder: string): Promise<void> {
  const { listed } = await bucket.list(folder);
  if (listed.length > 0) await bucket.delete(...listed.map(({ key }) => key));
}

async function objects(bucket: S3Bucket, folder: string): Promise<Finding> {
  const [first, second] = [`${folder}first`, `${folder}second`];
  await bucket.put(first, bytesOf('first'), { mediaType: 'text/plain' });
  await bucket.copy(first, second);
  const { listed } = await bucket.list(folder);
  const copied = await bucket.get(second, { start: 0, end: 3 });
  if (listed.length !== 2 || textOf(copied) !== 'fir')
    return wrong('What was written is not listed and read at once.', 'Use a bucket that is strongly consistent: S3 is.');
  await bucket.delete(first, second);
  if ((await bucket.get(first)) !== undefined) return wrong('What was deleted can still be read.', 'Use a bucket that is strongly consistent: S3 is.');
  const skewMs = bucket.clock.now() - Date.now();
  if (Math.abs(skewMs) > NOTED_SKEW_MS) {
    const text = `this machine's clock is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'behind' : 'before'} S3's`;
    return { state: 'note', text, fix: 'Set it: at 15 minutes S3 refuses every request.' };
  }
  return { state: 'ok', text: 'objects can be written, copied, listed, read and deleted' };
}

/** Of all who write one version of a record at once one must win, and the others must be told. */
async function records(bucket: S3Bucket, folder: string): Promise<Finding> {
  const key = `${folder}1.json`;
  const write = (text: string) => bucket.put(key, bytesOf(text), { mediaType: 'application/json', onlyNew: true });
  const race = await Promise.all(WRITERS.map(write)).catch((cause: unknown) => refusedCondition(cause));
  if ('state' in race) return race;
  const winners = WRITERS.filter((_, at) => race[at]);
  const kept = textOf(await bucket.get(key));
  if (winners.length === 1 && kept === winners[0])
    return { state: 'ok', text: 'a version is written once: of four writers at once one won, and the others were told' };
  return wrong(
    `The store does not honour If-None-Match: ${winners.length} of ${WRITERS.length} writers of one version were told that they won.`,
    'Two servers would start the same paid take. Use Amazon S3, or a store that has conditional writes, and no proxy that drops the header.',
  );
}

const WRITERS = ['"a"', '"b"', '"c"', '"d"'];

/** A store that does not know the header at all says so (501 in S3's list of errors). */
function refusedCondition(cause: unknown): Finding {
  const { cause: answer } = cause as { cause?: { name?: string; $metadata?: { httpStatusCode?: number } } };
  if (answer?.name !== 'NotImplemented' && answer?.$metadata?.httpStatusCode !== 501) throw cause;
  return wrong('The store refuses conditional writes (If-None-Match).', 'Use Amazon S3, or a store that has them: without them servers cannot share records.');
}

const wrong = (text: string, fix: string): Finding => ({ state: 'problem', text, fix });
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);
