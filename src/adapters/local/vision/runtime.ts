import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../errors.ts';
import type { RuntimeChoice } from './protocol.ts';

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
  Tensor: new (type: 'float32' | 'int64', data: Float32Array | BigInt64Array, dims: number[]) => Tensor;
}

/** A loaded model and the constructor of its runtime's tensors. */
export interface OpenSession {
  runtime: 'wasm' | 'native';
  session: Session;
  /** 32-bit floats, or the 64-bit integers that text models take. */
  tensor(data: Float32Array | BigInt64Array, dims: number[]): Tensor;
}

/** Where a session runs. */
export type RuntimeSource = { runtime: RuntimeChoice; nativeModule?: string | undefined };

/**
 * Session options of both runtimes. Turning the quantisation-aware passes off lets the constant folding at load turn the int8 weights
 * into floats once, instead of at every pass: native 35 to 12.6 ms of CPU a picture, WebAssembly unchanged (measured, runtime 1.30).
 */
const SESSION_OPTIONS = { graphOptimizationLevel: 'all', logSeverityLevel: 3, extra: { session: { disable_quant_qdq: '1' } } };

/** The command that adds the fast runtime without its install script (which downloads a CUDA provider on Linux x64). */
const NATIVE_INSTALL = 'npm i --ignore-scripts onnxruntime-node@1.30.0';

/** Loads a model in the asked runtime. MISCONFIGURED where the asked native runtime is not there; the runtime's own error where it refuses the model. */
export async function openModel(model: Uint8Array, source: RuntimeSource): Promise<OpenSession> {
  const native = await openNative(model, source);
  if (native) return native;
  const ort = await loadWasm();
  const session = await ort.InferenceSession.create(model, { ...SESSION_OPTIONS, executionProviders: ['wasm'] });
  return { runtime: 'wasm', session, tensor: tensorOf(ort) };
}

/**
 * Loads a model in the native runtime; `undefined` where it is not asked for, or not installed and need not be. `threads`: as many as there are
 * cores unless given. MISCONFIGURED and the runtime's own errors as `openModel`.
 */
export async function openNative(model: Uint8Array, source: RuntimeSource & { threads?: number }): Promise<OpenSession | undefined> {
  const ort = source.runtime === 'wasm' ? undefined : loadNative(source);
  if (!ort) return undefined;
  const threads = source.threads === undefined ? {} : { intraOpNumThreads: source.threads };
  const session = await ort.InferenceSession.create(model, { ...SESSION_OPTIONS, ...threads, executionProviders: ['cpu'] });
  return { runtime: 'native', session, tensor: tensorOf(ort) };
}

function tensorOf(ort: OnnxRuntime): OpenSession['tensor'] {
  return (data, dims) => new ort.Tensor(data instanceof Float32Array ? 'float32' : 'int64', data, dims);
}

/** `undefined` where it is not installed or does not load and need not. */
function loadNative({ runtime, nativeModule }: RuntimeSource): OnnxRuntime | undefined {
  const name = nativeModule?.startsWith('file:') ? fileURLToPath(nativeModule) : (nativeModule ?? 'onnxruntime-node');
  try {
    return createRequire(import.meta.url)(name) as OnnxRuntime;
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    if (!absent) console.error('[vision] onnxruntime-node is installed but does not load:', cause);
    if (runtime !== 'native') return undefined;
    throw new AppError('MISCONFIGURED', 'The native ONNX runtime (onnxruntime-node) cannot be loaded.', {
      hint: `Install it with "${NATIVE_INSTALL}", or set VRAG_ONNX_RUNTIME to auto or wasm.`,
      cause,
    });
  }
}

/** One thread: more change nothing on Node (measured: 43 to 49 ms a picture of 224 x 224). */
async function loadWasm(): Promise<OnnxRuntime> {
  const ort = (await import('onnxruntime-web/wasm')) as unknown as OnnxRuntime;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.wasm.wasmBinary = readFileSync(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  return ort;
}
