import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../errors.ts';
import type { ModelSource } from './protocol.ts';

/** The part of the ONNX runtimes' common interface that is used here. */
export interface Tensor {
  data: Float32Array;
  dims: readonly number[];
}

export interface Session {
  run(feeds: Record<string, Tensor>, fetches: string[]): Promise<Record<string, Tensor>>;
}

interface OnnxRuntime {
  env: { wasm: { numThreads?: number; wasmBinary?: Uint8Array; proxy?: boolean } };
  InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<Session> };
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => Tensor;
}

/** A loaded model and the constructor of its runtime's tensors. */
export interface OpenSession {
  runtime: 'wasm' | 'native';
  session: Session;
  tensor(data: Float32Array, dims: number[]): Tensor;
}

/**
 * Session options of both runtimes. Turning the quantisation-aware passes off lets the constant folding at load turn the int8 weights
 * into floats once, instead of at every pass: native 35 to 12.6 ms of CPU a picture, WebAssembly unchanged (measured, runtime 1.30).
 */
const SESSION_OPTIONS = { graphOptimizationLevel: 'all', logSeverityLevel: 3, extra: { session: { disable_quant_qdq: '1' } } };

/** The command that adds the fast runtime without its install script (which downloads a CUDA provider on Linux x64). */
const NATIVE_INSTALL = 'npm i --ignore-scripts onnxruntime-node@1.30.0';

/** Loads the model in the asked runtime. MISCONFIGURED where the model file or the asked native runtime is not there. */
export async function openSession(source: ModelSource): Promise<OpenSession> {
  const model = readModel(source.modelPath);
  if (source.runtime !== 'wasm') {
    try {
      return await openNative(model, source.nativeModule);
    } catch (cause) {
      const absent = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
      if (!absent) console.error('[vision] onnxruntime-node is installed but does not load:', cause);
      if (source.runtime === 'native') {
        throw new AppError('MISCONFIGURED', 'The native ONNX runtime (onnxruntime-node) cannot be loaded.', {
          hint: `Install it with "${NATIVE_INSTALL}", or set VRAG_ONNX_RUNTIME to auto or wasm.`,
          cause,
        });
      }
    }
  }
  return openWasm(model);
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

async function openNative(model: Uint8Array, nativeModule: string | undefined): Promise<OpenSession> {
  const name = nativeModule?.startsWith('file:') ? fileURLToPath(nativeModule) : (nativeModule ?? 'onnxruntime-node');
  const ort = createRequire(import.meta.url)(name) as OnnxRuntime;
  const session = await ort.InferenceSession.create(model, { ...SESSION_OPTIONS, executionProviders: ['cpu'] });
  return { runtime: 'native', session, tensor: (data, dims) => new ort.Tensor('float32', data, dims) };
}

/** One thread: more change nothing on Node (measured: 43 to 49 ms a picture of 224 x 224). */
async function openWasm(model: Uint8Array): Promise<OpenSession> {
  const ort = (await import('onnxruntime-web/wasm')) as unknown as OnnxRuntime;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.wasm.wasmBinary = readFileSync(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  const session = await ort.InferenceSession.create(model, { ...SESSION_OPTIONS, executionProviders: ['wasm'] });
  return { runtime: 'wasm', session, tensor: (data, dims) => new ort.Tensor('float32', data, dims) };
}
