import { setImmediate } from 'node:timers/promises';
import { type CallContext, serve } from '../child/serve.ts';
import type { LoadedModel, ModelSource, RunRequest, RunResult } from './protocol.ts';
import { type OpenSession, openSession, type Tensor } from './runtime.ts';
import { cellEvidence, ownActivation } from './softmax.ts';

/** Input side of the square passes; the first pass of it belongs to loading. */
const WARM_SIDE = 224;

let loading: Promise<OpenSession & LoadedModel> | undefined;

function loaded(source: ModelSource): Promise<OpenSession & LoadedModel> {
  loading ??= load(source).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(source: ModelSource): Promise<OpenSession & LoadedModel> {
  const started = performance.now();
  const open = await openSession(source);
  await open.session.run({ pixel_values: open.tensor(new Float32Array(3 * WARM_SIDE * WARM_SIDE), [1, 3, WARM_SIDE, WARM_SIDE]) }, ['logits']);
  return { ...open, loadMilliseconds: performance.now() - started };
}

/** (value - 127) / 128, planes R, G, B: the preprocessing the weights were trained with (models/build.py). */
function planes(rgb: Uint8Array): Float32Array {
  const pixels = rgb.length / 3;
  const data = new Float32Array(rgb.length);
  for (let i = 0; i < pixels; i++) {
    data[i] = (rgb[3 * i] - 127) / 128;
    data[pixels + i] = (rgb[3 * i + 1] - 127) / 128;
    data[2 * pixels + i] = (rgb[3 * i + 2] - 127) / 128;
  }
  return data;
}

function reduceCells(output: Record<string, Tensor>, evidence: NonNullable<RunRequest['evidence']>): Float32Array {
  const cells = output.cell_logits.data;
  return evidence === 'own' ? ownActivation(output.logits.data, cells) : cellEvidence(cells, evidence);
}

/** One picture at a time (a batch is not faster in either runtime), giving way in between so that a cancel or the parent's end is noticed. */
async function run(request: RunRequest, { signal }: CallContext): Promise<RunResult[]> {
  const { session, tensor } = await loaded(request.model);
  const fetches = new Set<string>(request.outputs);
  if (request.evidence) fetches.add('cell_logits');
  if (request.evidence === 'own') fetches.add('logits');
  const results: RunResult[] = [];
  for (const rgb of request.images) {
    await setImmediate();
    signal.throwIfAborted();
    const output = await session.run({ pixel_values: tensor(planes(rgb), [1, 3, request.height, request.width]) }, [...fetches]);
    results.push({
      outputs: Object.fromEntries(request.outputs.map((name) => [name, output[name].data])),
      ...(request.evidence ? { evidence: reduceCells(output, request.evidence) } : {}),
    });
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
