/** What the kernels export beside their functions. */
export interface KernelMemory {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
}

/** The types of Node 20 do not know the global. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Module: new (bytes: Uint8Array) => object; Instance: new (module: object) => { exports: unknown } };
};

const PAGE_BYTES = 65_536;

/** Makes instances of a kernel, each with a memory of its own; compiles it once. */
export function kernelMaker<Kernel extends KernelMemory>(base64: string): () => Kernel {
  let compiled: object | undefined;
  return () => {
    compiled ??= new WebAssembly.Module(Buffer.from(base64, 'base64'));
    return new WebAssembly.Instance(compiled).exports as Kernel;
  };
}

/** Grows the memory to at least so many bytes, which detaches views of it. Bytes that nothing has written take no real memory. */
export function growTo(memory: KernelMemory['memory'], bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
}
