import { BLOCK_KERNEL_BASE64 } from './block-kernel.ts';
import { PICTURE_KERNEL_BASE64 } from './picture-kernel.ts';

interface Kernel {
  memory: WebAssembly.Memory;
}

/** The functions of block.wat; addresses are bytes in `memory`. */
export interface BlockKernel extends Kernel {
  search(before: number, after: number, x: number, y: number, shifts: number, count: number): number;
  gradients(from: number, to: number, rows: number, left: number, right: number, out: number): void;
  figures(picture: number, before: number, dark: number, cells: number, out: number): number;
  deviation(from: number, rows: number, chunks: number, pixels: number, sum: number): number;
  sum(from: number): number;
  difference(a: number, b: number, count: number): number;
}

/** The functions of picture.wat; addresses are bytes in `memory`. */
export interface PictureKernel extends Kernel {
  product(a: number, b: number, stride: number): number;
  luma(from: number, channels: number, pixels: number, out: number): void;
  means(from: number, width: number, rows: number, columns: number, count: number, out: number): void;
  totals(from: number, side: number, sums: number, squares: number): void;
  squares(a: number, b: number, count: number): number;
  edges(from: number, side: number, out: number): void;
  laplacian(from: number, width: number, rows: number, sums: number): void;
  correlate(values: number, data: number, width: number, rows: number, columns: number, side: number): number;
}

/** An instance with a memory of its own of at least `byteLength` bytes. */
export const createBlockKernel = (byteLength: number): BlockKernel => instantiate(BLOCK_KERNEL_BASE64, byteLength) as BlockKernel;

/** An instance with a memory of its own of at least `byteLength` bytes. */
export const createPictureKernel = (byteLength: number): PictureKernel => instantiate(PICTURE_KERNEL_BASE64, byteLength) as PictureKernel;

const PAGE_BYTES = 65_536;

const compiled = new Map<string, WebAssembly.Module>();

function instantiate(base64: string, byteLength: number): Kernel {
  const module = compiled.get(base64) ?? new WebAssembly.Module(Buffer.from(base64, 'base64'));
  compiled.set(base64, module);
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  const missing = Math.ceil((byteLength - kernel.memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) kernel.memory.grow(missing);
  return kernel;
}
