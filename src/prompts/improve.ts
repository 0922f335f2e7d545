import * as z from 'zod';
import { definePrompt } from './define.ts';

export const improve = definePrompt({
  name: 'improve',
  title: 'Improve a video until it passes',
  description: 'Measures a video against its own references and makes new takes, one change at a time, until it passes, stops gaining or the budget ends.',
  input: z.object({
    videoId: z.string().max(64).describe('The video (vid_...)'),
    takes: z.string().max(3).optional().describe('Most takes of a shot (default: 3)'),
    maxCostUsd: z.string().max(12).optional().describe('Most that may be spent, in US dollars (default: 0)'),
  }),
  text: ({ videoId, takes = '3', maxCostUsd = '0' }) => `Improve the video ${videoId}. At most ${takes} takes of a shot and ${maxCostUsd} US dollars in all.

1. evaluate_video {"videoId": "${videoId}"}: note the verdict of each shot, the findings with their times, and the advice.
2. For each shot that does not pass, make one change, the one that the advice names (prompt, camera, length, reference or seed), never several at once, and never a retry without a change. Shots that pass stay as they are.
3. generate_video with "dryRun": true for the cost, then without, with "maxCostUsd": ${maxCostUsd}; get_job until it has ended; evaluate_video again.
4. evaluate_video {"compare": [the earlier reportId, the new one]} names the better take: keep that one, also where it is the earlier. Stop when all pass, when a take gains nothing, or when the limit is reached, and say which of these it was.

Show me a table at the end: shot, take, change, verdict, lowest similarity, cost; and the path of the video to keep.`,
});
