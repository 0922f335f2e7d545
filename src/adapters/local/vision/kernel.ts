import { setFlagsFromString } from 'node:v8';
import { growTo, type KernelMemory, kernelMaker } from '../store/wasm.ts';
import { FUSED_KERNEL_BASE64, KERNEL_ROWS, PLAIN_KERNEL_BASE64 } from './vision-kernel.ts';

/** The functions of the kernels (scripts/build-vision-kernel.mjs); all arguments but the last two of `product` are byte offsets and counts. */
export interface VisionKernel extends KernelMemory {
  product(
    from: number,
    weights: number,
    bias: number,
    skip: number,
    to: number,
    rows: number,
    depth: number,
    channels: number,
    stride: number,
    least: number,
    most: number,
  ): void;
  depthwise(
    from: number,
    weights: number,
    bias: number,
    to: number,
    height: number,
    width: number,
    channels: number,
    outHeight: number,
    outWidth: number,
    side: number,
    stride: number,
    pad: number,
  ): void;
  widen(codes: number, scales: number, to: number, depth: number): void;
}

/**
 * With fused multiply-add where this Node has relaxed SIMD: since V8 11.4 (Node 22) by itself, before behind a flag, which V8 ignores once it is
 * gone. Results with and without differ in the last bit of a product.
 */
export function openKernel(): VisionKernel {
  try {
    setFlagsFromString('--experimental-wasm-relaxed-simd');
    return kernelMaker<VisionKernel>(FUSED_KERNEL_BASE64)();
  } catch {
    return openPlainKernel();
  }
}

/** Without fused multiply-add: for engines that lack it. */
export const openPlainKernel = kernelMaker<VisionKernel>(PLAIN_KERNEL_BASE64);

/** Space in a kernel's memory, given out once from its start to its end. */
export class KernelSpace {
  readonly kernel: VisionKernel;
  #end = 64;

  constructor(kernel: VisionKernel) {
    this.kernel = kernel;
  }

  /** Byte offset of room for `floats` numbers. */
  take(floats: number): number {
    const at = this.#end;
    this.#end += Math.ceil(floats / 16) * 64;
    growTo(this.kernel.memory, this.#end);
    return at;
  }

  /** Room for `rows` of `channels` numbers and for what `product` writes beyond them. */
  takeRows(rows: number, channels: number): number {
    return this.take((rows + KERNEL_ROWS) * channels);
  }

  put(values: Float32Array): number {
    const at = this.take(values.length);
    this.view(at, values.length).set(values);
    return at;
  }

  putCodes(codes: Int8Array): number {
    const at = this.take(codes.length / 4);
    this.codes(at, codes.length).set(codes);
    return at;
  }

  /** Valid until more room is taken. */
  view(at: number, floats: number): Float32Array {
    return new Float32Array(this.kernel.memory.buffer, at, floats);
  }

  /** Valid until more room is taken. */
  codes(at: number, count: number): Int8Array {
    return new Int8Array(this.kernel.memory.buffer, at, count);
  }
}
