import { serve } from '../child/serve.ts';
import { type OutlineParams, outline } from './outline.ts';

serve({ refine: (params: OutlineParams) => outline(params) });
