import { afterAll, beforeAll, beforeEach } from 'vitest';
import { Bedrock } from '../../../src/adapters/aws/bedrock/client.ts';
import { createImages } from '../../../src/adapters/local/images/images.ts';
import type { OnBillable } from '../../../src/ports.ts';
import { BedrockFake, type BedrockFakeOptions } from '../../fixtures/bedrock/server.ts';

export interface Opened {
  fake: BedrockFake;
  images: ReturnType<typeof createImages>;
  bedrock(options?: { region?: string; onBillable?: OnBillable }): Bedrock;
}

/** The fake and the production client for one test file: the environment is all that differs from AWS. */
export function useBedrock(options?: () => BedrockFakeOptions): Opened {
  const before = { ...process.env };
  const clients: Bedrock[] = [];
  const opened = {
    bedrock(client = {}) {
      const made = new Bedrock(client);
      clients.push(made);
      return made;
    },
  } as Opened;
  beforeAll(async () => {
    opened.images = createImages({ maxPixels: 100_000_000 });
    // What a process loads once takes longer than a start may, on a busy machine.
    const pixel = { width: 1, height: 1, channels: 3 as const, data: new Uint8Array(3) };
    const libraries = [import('@aws-sdk/client-s3'), import('@aws-sdk/client-bedrock'), import('@aws-sdk/client-bedrock-runtime')];
    await Promise.all([...libraries, opened.images.encode(pixel, { format: 'jpeg' })]);
    opened.fake = await BedrockFake.start(options?.());
    Object.assign(process.env, opened.fake.environment);
  });
  beforeEach(() => {
    opened.fake.seen.length = 0;
    opened.fake.lifecycle.clear();
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await opened.fake?.close();
    opened.images?.close();
    for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
    Object.assign(process.env, before);
  });
  return opened;
}
