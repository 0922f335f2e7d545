import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

type C2pa = typeof import('@contentauth/c2pa-wasm');

let loading: Promise<C2pa> | undefined;

/** Bytes as the library takes them: it reads a `Blob` with the browser's `FileReaderSync`, which Node does not have. */
export class SyncBlob extends Blob {
  readonly #bytes: Uint8Array;
  override readonly size: number;

  constructor(bytes: Uint8Array, type: string) {
    super([], { type });
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  override slice(start = 0, end = this.#bytes.length): SyncBlob {
    return new SyncBlob(this.#bytes.subarray(start, end), this.type);
  }

  bytesNow(): Uint8Array {
    return this.#bytes;
  }
}

class SyncReader {
  readAsArrayBuffer(blob: SyncBlob): ArrayBuffer {
    return new Uint8Array(blob.bytesNow()).buffer;
  }
}

/** The C2PA library (c2pa-rs as WASM), loaded at the first use. */
export function loadC2pa(): Promise<C2pa> {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<C2pa> {
  const library = await import('@contentauth/c2pa-wasm');
  const file = createRequire(import.meta.url).resolve('@contentauth/c2pa-wasm/c2pa.wasm');
  (globalThis as { FileReaderSync?: unknown }).FileReaderSync ??= SyncReader;
  await library.default({ module_or_path: new Uint8Array(await readFile(file)) });
  return library;
}

/** Settings of the library: certificates that are trusted (PEM), no thumbnails of ingredients (they would show the user's pictures), nothing from the network. */
export function libraryContext(trusted: string | undefined): string {
  return JSON.stringify({
    trust: trusted === undefined ? {} : { trust_anchors: trusted },
    verify: { verify_trust: true, verify_after_sign: false, remote_manifest_fetch: false, ocsp_fetch: false },
    builder: { thumbnail: { enabled: false } },
  });
}
