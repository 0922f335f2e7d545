import type { FileBytes, Images, RawImage } from '../../../ports.ts';
import { animate } from './animate.ts';
import { drawCard } from './card.ts';
import { decodeHere, probeHere } from './decode.ts';
import { createDrawings } from './drawings.ts';
import { fingerprint } from './fingerprint.ts';
import { resizeRaw } from './geometry.ts';
import { fromRaw, supportedKind } from './sharp.ts';
import { drawSheet } from './sheet.ts';
import { SVG } from './sniff.ts';

/** Three pictures at a time: libuv has four threads (Node docs, UV_THREADPOOL_SIZE), and files and DNS need one. */
const AT_ONCE = 3;

/** Lets at most `limit` tasks run at the same time, in the order in which they came. */
function createGate(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/**
 * Pictures by sharp (libvips), which is loaded at the first use. Foreign pixels are decoded on libuv's threads, SVG in a child process.
 * `maxPixels` is the largest picture that is read (width x height). `svgSeconds` bounds one drawing (default 30). `close` ends the child.
 */
export function createImages(options: { maxPixels: number; svgSeconds?: number }): Images & { close(): void } {
  const { maxPixels } = options;
  const drawings = createDrawings(maxPixels, options.svgSeconds);
  const gate = createGate(AT_ONCE);
  return {
    probe: async (bytes) => (supportedKind(bytes) === SVG ? drawings.probe(bytes) : gate(() => probeHere(bytes, maxPixels))),
    decode: async (bytes, how = {}) => (supportedKind(bytes) === SVG ? drawings.decode(bytes, how) : gate(() => decodeHere(bytes, maxPixels, how))),
    encode: (image, how) => gate(() => encode(image, how)),
    resize: (image, how) => gate(() => resizeRaw(image, how)),
    contactSheet: (cells, how) => gate(() => drawSheet(cells, how)),
    animate: (frames, how) => gate(() => animate(frames, how)),
    fingerprint: (image) => gate(() => fingerprint(image)),
    card: (text, how) => gate(() => drawCard(text, how)),
    close: () => drawings.close(),
  };
}

async function encode(image: RawImage, options: { format: 'jpeg' | 'png' | 'webp'; quality?: number }): Promise<FileBytes> {
  const pipeline = await fromRaw(image);
  const quality = options.quality ?? 85;
  if (options.format === 'jpeg') pipeline.flatten({ background: '#ffffff' }).jpeg({ quality, chromaSubsampling: '4:2:0' });
  else if (options.format === 'webp') pipeline.webp({ quality });
  else pipeline.png();
  const bytes = await pipeline.toBuffer();
  return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), mediaType: `image/${options.format}` };
}
