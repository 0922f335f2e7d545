import { AppError } from '../../../errors.ts';
import type { JsonValue, RawImage } from '../../../ports.ts';
import type { Bedrock, BilledCall } from './client.ts';
import type { Painted, Painter, PaintJob } from './inpainter.ts';
import { type Model, modelNamed } from './models.ts';
import { base64, type Pictures } from './pictures.ts';

const TIMEOUT_SECONDS = 180;
/** The mask says exactly what is to be changed: growing it is the caller's choice, made before. */
const GROW_MASK = 0;
/** The services' default: between the picture as it is (0) and anything (1). */
const CREATIVITY = 0.5;

const services = { remove: modelNamed('stability-erase'), replace: modelNamed('stability-inpaint'), extend: modelNamed('stability-outpaint') };
const searching = modelNamed('stability-search-replace');
const { limits } = services.replace;

interface Answer {
  images?: string[];
  finish_reasons?: (string | null)[];
}

/** Stability AI's image services: erase (`remove`), inpaint (`replace`), search-and-replace (`replace` with `search`), outpaint (`extend`). Their masks are white where a picture is changed, as ours. */
export function createStabilityPainter(bedrock: Bedrock, pictures: Pictures): Painter {
  const png = async (image: RawImage): Promise<string> => base64((await pictures.encode(image, { format: 'png' })).bytes);
  const send = async (model: Model, body: JsonValue, call: Pick<BilledCall, 'signal' | 'costUsd'>): Promise<Painted> => {
    const billed = { ...call, kind: 'inpaint' as const, repeat: 'afterRefusal' as const, timeoutSeconds: TIMEOUT_SECONDS };
    return { bytes: readAnswer((await bedrock.invoke(model, body, billed)) as Answer, model), algorithm: model.id, notes: [] };
  };
  return {
    id: 'stability',
    modes: ['remove', 'replace', 'extend'],
    searches: true,
    size: { minSide: limits.minSide, maxPixels: limits.maxPixels },
    maxPromptCharacters: limits.maxPromptCharacters,
    costUsd: (mode) => services[mode].prices.perImage,
    async paint(job, call) {
      const common = { seed: job.seed, output_format: 'png' };
      const words = { ...(job.negativePrompt ? { negative_prompt: job.negativePrompt } : {}) };
      if (job.mode === 'extend') return send(services.extend, { ...common, ...words, ...(await border(job, png)) }, call);
      const made = { ...words, prompt: job.prompt ?? '', grow_mask: GROW_MASK };
      if (job.search) return send(searching, { ...common, ...made, image: await png(job.image), search_prompt: job.search }, call);
      const drawn = { ...common, image: await png(job.image), mask: await png(job.mask), grow_mask: GROW_MASK };
      if (job.mode === 'remove') return send(services.remove, drawn, call);
      return send(services.replace, { ...drawn, ...made }, call);
    },
  };
}

/** The picture inside the border, and how wide the border is on each side. INVALID_INPUT where the mask is no border, or it is too wide. */
async function border({ image, mask, prompt }: PaintJob, png: (image: RawImage) => Promise<string>): Promise<Record<string, JsonValue>> {
  const kept = keptBox(mask);
  const sides = { left: kept.left, right: mask.width - kept.left - kept.width, up: kept.top, down: mask.height - kept.top - kept.height };
  const { maxExtensionPixels } = services.extend.limits;
  if (Math.max(...Object.values(sides)) > maxExtensionPixels) {
    throw new AppError('INVALID_INPUT', `A side is extended by more than ${maxExtensionPixels} pixels.`, {
      hint: 'Extend it in steps, or make the picture smaller first.',
    });
  }
  if (Math.max(...Object.values(sides)) === 0) {
    throw new AppError('INVALID_INPUT', 'Mode extend needs a border of the picture under the mask.', { hint: 'Use replace for a part inside it.' });
  }
  return { image: await png(cropped(image, kept)), ...sides, creativity: CREATIVITY, ...(prompt ? { prompt } : {}) };
}

interface Pixels {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The bounding box of what is kept. */
function keptBox({ width, height, data }: RawImage): Pixels {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] > 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function cropped(image: RawImage, { left, top, width, height }: Pixels): RawImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, channels: 3, data };
}

/** Refusals come as successes with a reason (stable-image-services, "finish_reasons"). */
function readAnswer({ images, finish_reasons }: Answer, { title }: Model): Uint8Array {
  const reason = finish_reasons?.[0];
  if (reason?.startsWith('Filter reason')) {
    const what = /input image/.test(reason) ? 'the picture' : /prompt/.test(reason) ? 'the prompt' : 'what it had made';
    throw new AppError('INVALID_INPUT', `The content filters of ${title} refused ${what}.`, { hint: 'Change the prompt or the mask and try again.' });
  }
  const [image] = images ?? [];
  if (reason || !image) throw new AppError('UNAVAILABLE', `${title} gave no picture.`, { hint: 'Try again later.', cause: new Error(reason ?? 'no image') });
  return Buffer.from(image, 'base64');
}
