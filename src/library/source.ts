import { AppError } from '../errors.ts';
import type { Ports } from '../ports.ts';
import { cleanText } from './text.ts';

/** Where the bytes of a new asset come from; `base64` may be a `data:` URL. */
export type Source = { path: string } | { url: string } | { base64: string };

/** Most bytes that are taken as base64: an agent writes every character of it. */
const MAX_BASE64_BYTES = 2_000_000;

/** The bytes of a source, with what it says of them. */
export interface SourceFile {
  bytes: Uint8Array;
  /** File name, not yet cleaned; empty where there is none. */
  name: string;
  /** Where it came from, as an asset remembers it; no folder of this machine. */
  source: string;
  /** Set where the bytes are a video, by content. */
  videoType: string | undefined;
}

/** Reads or downloads a source. Errors as `Files.load` and `Downloads.fetch`; INVALID_INPUT where `base64` is none or too long. */
export async function loadSource(ports: Ports, source: Source, options: { maxBytes: number; signal?: AbortSignal | undefined }): Promise<SourceFile> {
  if ('url' in source) {
    const { bytes, name, mediaType } = await ports.downloads.fetch(source.url, options);
    const videoType = mediaType.startsWith('video/') ? mediaType : videoTypeOf(bytes);
    return { bytes, name, source: cleanText(source.url, 300), videoType };
  }
  if ('base64' in source) {
    const bytes = decodeBase64(source.base64);
    return { bytes, name: '', source: 'base64', videoType: videoTypeOf(bytes) };
  }
  const { name, bytes } = await ports.files.load(source.path, { maxBytes: options.maxBytes });
  return { bytes, name, source: cleanText(`file:${name}`, 300), videoType: videoTypeOf(bytes) };
}

/** RFC 4648 sections 4 and 5, white space allowed; of a `data:` URL (RFC 2397) what follows `;base64,`. */
function decodeBase64(given: string): Uint8Array {
  const hint = 'Give a path or url instead.';
  const text = given.replace(/^\s*data:[^,]{0,200};base64,/i, '').replace(/\s+/g, '');
  const byteLength = Math.floor((text.replace(/=+$/, '').length * 3) / 4);
  if (byteLength > MAX_BASE64_BYTES) {
    throw new AppError('INVALID_INPUT', `base64 holds ${byteLength} bytes; the limit is ${MAX_BASE64_BYTES}.`, {
      hint: `${hint} Or make the picture smaller.`,
    });
  }
  if (!/^[\w+/-]+={0,2}$/.test(text)) throw new AppError('INVALID_INPUT', `base64 is no base64 text: "${cleanText(given.slice(0, 40), 30)}".`, { hint });
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** ISO base media with a video brand, or Matroska/WebM, by their first bytes (ISO/IEC 14496-12 section 4.3; RFC 9559 section 5). */
function videoTypeOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0x1a && bytes[1] === 0x45 && bytes[2] === 0xdf && bytes[3] === 0xa3) return 'video/webm';
  const head = String.fromCharCode(...bytes.subarray(4, 12));
  const brand = head.slice(4);
  if (!head.startsWith('ftyp') || /^(?:avif|avis|hei[cxms]|hev[cxms]|mif1|msf1|crx )$/.test(brand)) return undefined;
  return brand.startsWith('qt') ? 'video/quicktime' : 'video/mp4';
}
