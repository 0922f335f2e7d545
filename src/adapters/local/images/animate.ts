import { AppError } from '../../../errors.ts';
import type { FileBytes, RawImage } from '../../../ports.ts';
import { loadSharp } from './sharp.ts';

const QUALITIES = [70, 50, 30];

/** See `Images.animate`. */
export async function animate(frames: RawImage[], options: { frameSeconds: number; maxBytes: number }): Promise<FileBytes> {
  if (frames.length === 0) throw new AppError('INVALID_INPUT', 'An animation needs at least one frame.');
  const { width, height, channels } = frames[0];
  const odd = frames.findIndex((frame) => frame.width !== width || frame.height !== height || frame.channels !== channels);
  if (odd >= 0) throw new AppError('INVALID_INPUT', `Frame ${odd} of the animation has another size than the first.`, { hint: 'Resize all frames alike.' });
  for (let step = 1; step <= frames.length; step *= 2) {
    const shown = frames.filter((_, index) => index % step === 0);
    for (const quality of QUALITIES) {
      const bytes = await encode(shown, { quality, delayMs: Math.round((options.frameSeconds * 1000 * frames.length) / shown.length) });
      if (bytes.length <= options.maxBytes) return { bytes, mediaType: 'image/webp' };
    }
  }
  throw new AppError('INVALID_INPUT', `An animation of ${width}x${height} does not fit in ${options.maxBytes} bytes.`, { hint: 'Make the frames smaller.' });
}

async function encode(frames: RawImage[], { quality, delayMs }: { quality: number; delayMs: number }): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const { width, height, channels } = frames[0];
  const pages = Buffer.concat(frames.map(({ data }) => data));
  const raw = { width, height: height * frames.length, channels, pageHeight: height };
  const webp = await sharp(pages, { raw })
    .webp({ quality, effort: 3, loop: 0, delay: frames.map(() => delayMs) })
    .toBuffer();
  return new Uint8Array(webp);
}
