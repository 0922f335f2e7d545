import * as z from 'zod';
import { definePrompt } from './define.ts';

export const storyboard = definePrompt({
  name: 'storyboard',
  title: 'Plan and render a storyboard',
  description: 'From an idea to a video whose every shot is grounded in a picture of a collection.',
  input: z.object({
    idea: z.string().min(1).max(2000).describe('What the video is about'),
    collection: z.string().max(64).optional().describe('Collection with the pictures (default: default)'),
    seconds: z.string().max(8).optional().describe('Length of the video in seconds (default: 20)'),
  }),
  text: ({ idea, collection = 'default', seconds = '20' }) => `Make a video of about ${seconds} seconds: ${idea}

1. See what there is: search_images {"collection": "${collection}"}, then one search for each thing the video must show. Look at the thumbnails; do not use a weak hit before you have looked at it.
2. Write a storyboard of 3 to 6 shots of 4 to 8 seconds. Each has one idea, one camera move, a prompt that says what is visible (no negations), and its own reference (imageId). Tell me which pictures are missing and ask for them instead of using a wrong one.
3. Call generate_video with these shots and "dryRun": true. Show me the plan: shots, references, length, cost, and what the provider drops. Wait for my word.
4. Call it again without dryRun, then get_job {"jobId": ..., "waitSeconds": 45} until it has ended.
5. Call evaluate_video on the result. Report its verdict shot by shot with the path of the video; where a shot fails, say what you would change.`,
});
