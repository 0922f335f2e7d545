/** What tools and resources use of the library. */
export { requireAsset, requireCollection } from './assets.ts';
export { configureCollection, describeCollection } from './collections.ts';
export { deleteAsset } from './delete.ts';
export { deleteCollection } from './delete-job.ts';
export { checkDescription } from './description.ts';
export { listFailures } from './file-log.ts';
export { readFilter } from './filter.ts';
export { ingestFolder } from './folder-job.ts';
export { editAsset, ingest } from './ingest.ts';
export { inpaintAsset, previewMask } from './inpaint.ts';
export { createLibraryRunner } from './job-runner.ts';
export { cancelLibraryJob, listLibraryJobs, openLibraryJobIds, readLibraryJobView } from './jobs.ts';
export { listAssets } from './list.ts';
export { reindex } from './reindex-job.ts';
export { search } from './search.ts';
export { previewOf, servedCopy, servedType } from './served.ts';
export { verify } from './verify.ts';
