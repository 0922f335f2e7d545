import { BLOCK_KERNEL_BASE64 } from './block-kernel.ts';

/** The functions of block.wat; addresses are bytes in `memory`. */
export interface Kernel {
  memory: WebAssembly.Memory;
  search(before: number, after: number, x: number, y: number, shifts: number, count: number): number;
  gradients(from: number, to: number, rows: number, left: number, right: number, out: number): void;
  figures(picture: number, before: number, counts: number, cells: number): number;
  product(a: number, b: number, stride: number): number;
}

const PAGE_BYTES = 65_536;

let compiled: WebAssembly.Module | undefined;

/** An instance with a memory of its own of at least `byteLength` bytes. */
export function createKernel(byteLength: number): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(BLOCK_KERNEL_BASE64, 'base64'));
  const kernel = new WebAssembly.Instance(compiled).exports as unknown as Kernel;
  const missing = Math.ceil((byteLength - kernel.memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) kernel.memory.grow(missing);
  return kernel;
}
