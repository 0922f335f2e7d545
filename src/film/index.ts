/** What tools and resources use of the film domain. */
export { type CostPreview, previewCost } from './approval.ts';
export { batchState, createBatch, planBatch, readTemplates, requireBatchView } from './batch.ts';
export { createCallMeter } from './billed-calls.ts';
export { collectionSpending, setCollectionCeiling } from './budget.ts';
export { dependents } from './citations.ts';
export { compareVideos } from './compare.ts';
export { costOf, usd } from './cost.ts';
export { credentialsText } from './credentials.ts';
export { besideEarlierTakes } from './earlier-takes.ts';
export { createJob, hasJob } from './job-create.ts';
export { cancelJob, listJobs, openJobIds, requireJobView } from './jobs.ts';
export { readManifest } from './manifest.ts';
export { keepReview, reportIds, requireReport, requireSeries } from './reports.ts';
export { reviewVideo } from './review.ts';
export { createJobRunner } from './runner.ts';
export { similarVideos } from './similar.ts';
export { planStoryboard, requireGenerator, storyboardSeconds } from './storyboard.ts';
