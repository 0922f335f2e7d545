import { cancelJobTool } from './cancel-job.ts';
import type { Tool } from './define.ts';
import { deleteImage } from './delete-image.ts';
import { evaluateVideo } from './evaluate-video.ts';
import { generateVideo } from './generate-video.ts';
import { getJob } from './get-job.ts';
import { ingestImage } from './ingest-image.ts';
import { inpaintImage } from './inpaint-image.ts';
import { manageCollection } from './manage-collection.ts';
import { searchImages } from './search-images.ts';

/** All tools, in the order agents see them: the order of the work. */
export const tools: readonly Tool[] = [
  searchImages,
  ingestImage,
  inpaintImage,
  generateVideo,
  getJob,
  evaluateVideo,
  cancelJobTool,
  deleteImage,
  manageCollection,
];
