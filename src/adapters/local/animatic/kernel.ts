import { RESAMPLE_KERNEL_BASE64 } from './resample-kernel.ts';

/** The functions of resample.wat; addresses and sizes are bytes in `memory`. */
export interface Kernel {
  memory: WebAssembly.Memory;
  filter(src: number, u: number, du: number, maxU: number, table: number, out: number, width: number): void;
  filterInside(src: number, u: number, du: number, table: number, out: number, width: number): void;
  turn(src: number, stride: number, u: number, v: number, du: number, dv: number, maxU: number, maxV: number, table: number, out: number, width: number): void;
  mix(rows: number, stride: number, weights: number, taps: number, out: number, width: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** An instance with `byteLength` bytes of memory of its own. */
export function createKernel(byteLength: number): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(RESAMPLE_KERNEL_BASE64, 'base64'));
  const kernel = new WebAssembly.Instance(compiled).exports as unknown as Kernel;
  kernel.memory.grow(Math.ceil(byteLength / 65536));
  return kernel;
}
