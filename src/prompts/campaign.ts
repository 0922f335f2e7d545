import * as z from 'zod';
import { definePrompt } from './define.ts';

export const campaign = definePrompt({
  name: 'campaign',
  title: 'One video for each product',
  description: 'A batch of videos from prompt templates and a list of products, each grounded in the picture that shows its product.',
  input: z.object({
    products: z.string().min(1).max(4000).describe('The products, separated by commas'),
    actions: z.string().max(4000).optional().describe('What happens, separated by commas (default: the camera moves slowly closer)'),
    collection: z.string().max(64).optional().describe('Collection with the pictures (default: default)'),
  }),
  text: ({
    products,
    actions = 'the camera moves slowly closer',
    collection = 'default',
  }) => `Make one video for each of these products: ${products}. What happens: ${actions}.

1. search_images {"query": PRODUCT, "collection": "${collection}"} for each product. Where the best hit is weak or shows something else, leave the product out and tell me; a wrong picture is worse than none.
2. Write 1 to 3 templates with <object_prompt> and <action_prompt>, each a complete description of one shot with one camera move, in the same style for all products.
3. generate_video with "templates", "variables" (one set for each product and action) and "dryRun": true. Show me the number of videos, the chosen pictures and the cost. Wait for my word.
4. Call it again without dryRun, then get_job with the batchId until all have ended. evaluate_video for each.
5. Report one line for each video: product, picture, verdict, path.`,
});
