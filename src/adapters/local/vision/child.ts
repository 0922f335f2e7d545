import { setImmediate } from 'node:timers/promises';
import { type CallContext, serve } from '../child/serve.ts';
import { openVisionModel, type VisionModel } from './model.ts';
import type { LoadedModel, ModelSource, RunRequest, RunResult } from './protocol.ts';
import { VIEW_SIDE } from './views.ts';

let loading: Promise<VisionModel & LoadedModel> | undefined;

function loaded(source: ModelSource): Promise<VisionModel & LoadedModel> {
  loading ??= load(source).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** The first pass of the square views belongs to loading. */
async function load(source: ModelSource): Promise<VisionModel & LoadedModel> {
  const started = performance.now();
  const model = await openVisionModel(source);
  await model.run(new Uint8Array(3 * VIEW_SIDE * VIEW_SIDE), { width: VIEW_SIDE, height: VIEW_SIDE, outputs: ['logits'] });
  return { ...model, loadMilliseconds: performance.now() - started };
}

/** One picture at a time (a batch is not faster in either runtime), giving way in between so that a cancel or the parent's end is noticed. */
async function run(request: RunRequest, { signal }: CallContext): Promise<RunResult[]> {
  const model = await loaded(request.model);
  const results: RunResult[] = [];
  for (const rgb of request.images) {
    await setImmediate();
    signal.throwIfAborted();
    results.push(await model.run(rgb, request));
  }
  return results;
}

serve({
  load: async (source: ModelSource): Promise<LoadedModel> => {
    const { runtime, loadMilliseconds } = await loaded(source);
    return { runtime, loadMilliseconds };
  },
  run,
});
