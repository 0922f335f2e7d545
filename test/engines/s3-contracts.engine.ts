import { describe, inject } from 'vitest';
import { objectStoreContract } from '../contracts/object-store.ts';
import { recordsContract } from '../contracts/records.ts';
import type { RadosCluster } from './radosgw.ts';
import { s3Fixture } from './s3.ts';

const cluster = inject('radosgw');

describe.skipIf(!cluster)('object store on the S3 gateway', () => {
  objectStoreContract(async () => {
    const fixture = await s3Fixture(cluster as RadosCluster);
    return { objects: fixture.open().objects, another: async () => fixture.open().objects, close: fixture.close };
  });
});

describe.skipIf(!cluster)('records on the S3 gateway', () => {
  recordsContract(async () => {
    const fixture = await s3Fixture(cluster as RadosCluster);
    return { records: fixture.open().records, another: async () => fixture.open().records, close: fixture.close };
  });
});
