import { AppError } from '../../../errors.ts';
import type { JsonValue, RawImage } from '../../../ports.ts';
import type { Bedrock } from './client.ts';
import type { Painter } from './inpainter.ts';
import { modelNamed } from './models.ts';
import { base64, type Pictures } from './pictures.ts';

const model = modelNamed('nova-canvas');
const { limits, prices } = model;
const TIMEOUT_SECONDS = 180;
/** The model's default of how closely it follows the prompt, 1.1 to 10. */
const CFG_SCALE = 6.5;

/**
 * Nova Canvas, which AWS retired on 2026-09-30: for accounts that still have it. Its mask is black where a picture is changed, the inverse of ours; words may mark it
 * instead (`maskPrompt`). Without a text it removes.
 * It does not extend: AWS's pages contradict each other on the polarity of that mask.
 */
export function createNovaCanvasPainter(bedrock: Bedrock, pictures: Pictures): Painter {
  const png = async (image: RawImage): Promise<string> => base64((await pictures.encode(image, { format: 'png' })).bytes);
  return {
    id: 'nova-canvas',
    modes: ['remove', 'replace'],
    searches: true,
    size: { minSide: limits.minSide, maxSide: limits.maxSide, maxPixels: limits.maxPixels },
    maxPromptCharacters: limits.maxPromptCharacters,
    costUsd: (_mode, width, height) => (Math.max(width, height) > 1024 ? prices.perImageOver1024 : prices.perImage),
    async paint({ mode, image, mask, prompt, negativePrompt, search, seed }, { signal, costUsd }) {
      const inverted = { ...mask, data: mask.data.map((value) => 255 - value) };
      const marked: Record<string, JsonValue> = search ? { maskPrompt: search } : { maskImage: await png(inverted) };
      const words: Record<string, JsonValue> = {
        ...(mode === 'replace' && prompt ? { text: prompt } : {}),
        ...(negativePrompt ? { negativeText: negativePrompt } : {}),
      };
      const own = seed % (limits.maxSeed + 1);
      const body: JsonValue = {
        taskType: 'INPAINTING',
        inPaintingParams: { image: await png(image), ...marked, ...words },
        imageGenerationConfig: { numberOfImages: 1, quality: 'standard', cfgScale: CFG_SCALE, seed: own },
      };
      const call = { kind: 'inpaint' as const, costUsd, repeat: 'afterRefusal' as const, timeoutSeconds: TIMEOUT_SECONDS, signal };
      const { images, error } = (await bedrock.invoke(model, body, call)) as { images?: string[]; error?: string | null };
      const [picture] = images ?? [];
      // Blocked pictures come as a success with an error (Nova user guide, "Error handling").
      if (error || !picture)
        throw new AppError('INVALID_INPUT', `${model.title} made no picture of this request.`, {
          hint: 'Change the prompt or the mask and try again.',
          cause: new Error(error ?? 'no image'),
        });
      const notes = own === seed ? [] : [`The seed ${seed} is too large for ${model.title}: ${own} is used.`];
      return { bytes: Buffer.from(picture, 'base64'), algorithm: model.id, notes };
    },
  };
}
