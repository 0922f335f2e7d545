/** What tools and resources use of the library. */
export { requireAsset, requireCollection } from './assets.ts';
export { deleteAsset } from './delete.ts';
export { ingestFolder } from './folder-job.ts';
export { editAsset, ingest } from './ingest.ts';
export { inpaintAsset } from './inpaint.ts';
export { cancelLibraryJob, listLibraryJobs, readLibraryJobView } from './jobs.ts';
export { search } from './search.ts';
