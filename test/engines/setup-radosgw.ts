import type { TestProject } from 'vitest/node';
import { type RadosCluster, startRadosCluster } from './radosgw.ts';
import { cephPrograms } from './radosgw-packages.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent where this machine cannot run it; the reason is printed as `SKIPPED radosgw: REASON`. */
    radosgw: RadosCluster | undefined;
  }
}

/** Starts the S3 gateway before the first suite and ends it after the last. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const programs = await cephPrograms();
  if (typeof programs === 'string') {
    console.log(`SKIPPED radosgw: ${programs}`);
    project.provide('radosgw', undefined);
    return undefined;
  }
  const { cluster, stop } = await startRadosCluster(programs);
  project.provide('radosgw', cluster);
  return stop;
}
