import { readFileSync } from 'node:fs';
import { AppError } from '../../../errors.ts';
import { Lite0 } from './lite0.ts';
import type { ModelSource, RunRequest, RunResult } from './protocol.ts';
import { type OpenSession, openNative, type Tensor } from './runtime.ts';
import { cellEvidence, ownActivation } from './softmax.ts';

export interface VisionModel {
  runtime: 'wasm' | 'native';
  /** One picture: RGB bytes of the request's size. */
  run(rgb: Uint8Array, request: Pick<RunRequest, 'width' | 'height' | 'outputs' | 'evidence'>): Promise<RunResult>;
}

/**
 * The packaged model: in the native ONNX runtime where it is asked for or installed, with one thread (with two a pass costs 28 ms of CPU instead of 13,
 * which pictures that are decoded meanwhile lack); else in our own WebAssembly (about 36 ms of CPU where the ONNX runtime's takes 84, docs/models.md).
 * MISCONFIGURED where the model file or the asked native runtime is not there.
 */
export async function openVisionModel(source: ModelSource): Promise<VisionModel> {
  const file = readModel(source.modelPath);
  const native = await openNative(file, { ...source, threads: 1 });
  if (native) return { runtime: 'native', run: (rgb, request) => runNative(native, rgb, request) };
  const model = new Lite0(file);
  return { runtime: 'wasm', run: async (rgb, request) => model.run(rgb, request) };
}

function readModel(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new AppError('MISCONFIGURED', 'The vision model (models/vision.onnx) cannot be read.', {
      hint: 'Install the package again; models/ belongs to it.',
      cause,
    });
  }
}

const runNative: (open: OpenSession, ...given: Parameters<VisionModel['run']>) => Promise<RunResult> = async ({ session, tensor }, rgb, request) => {
  const fetches = new Set<string>(request.outputs);
  if (request.evidence) fetches.add('cell_logits');
  if (request.evidence === 'own') fetches.add('logits');
  const output = await session.run({ pixel_values: tensor(planes(rgb), [1, 3, request.height, request.width]) }, [...fetches]);
  return {
    outputs: Object.fromEntries(request.outputs.map((name) => [name, output[name].data])),
    ...(request.evidence ? { evidence: reduceCells(output, request.evidence) } : {}),
  };
};

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
