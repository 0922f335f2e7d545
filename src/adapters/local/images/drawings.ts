import type { ImageInfo, RawImage } from '../../../ports.ts';
import { ChildHost, ChildStopped } from '../child/host.ts';
import type { DecodeOptions } from './decode.ts';
import { PICTURE_SECONDS, tooSlow } from './sharp.ts';
import { SVG } from './sniff.ts';
import { checkSvg } from './svg.ts';

/** SVG drawings, rendered in a child process: a small one can keep a thread busy for a minute, and librsvg cannot be interrupted (measured: nested `use`, 69 s). */
export interface Drawings {
  probe(bytes: Uint8Array): Promise<ImageInfo>;
  decode(bytes: Uint8Array, options: DecodeOptions): Promise<RawImage>;
  close(): void;
}

export function createDrawings(maxPixels: number, seconds = PICTURE_SECONDS): Drawings {
  const host = new ChildHost(new URL('./svg-child.js', import.meta.url), { name: 'SVG' });
  let last: Promise<unknown> = Promise.resolve();

  /** One drawing at a time, so that a time limit ends only the one that took too long. */
  function call<T>(method: string, bytes: Uint8Array, params: object): Promise<T> {
    checkSvg(bytes);
    const next = last.then(() => host.call<T>(method, { bytes, maxPixels, ...params }, { timeoutSeconds: seconds }));
    last = next.catch(() => undefined);
    return next.catch((cause) => {
      throw cause instanceof ChildStopped ? tooSlow(SVG, cause) : cause;
    });
  }

  return {
    probe: async (bytes) => call('probe', bytes, {}),
    decode: async (bytes, options) => call('decode', bytes, { options }),
    close: () => host.close(),
  };
}
