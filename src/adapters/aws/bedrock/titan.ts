import { AppError } from '../../../errors.ts';
import type { CallOptions, Embedder, JsonValue } from '../../../ports.ts';
import type { Bedrock } from './client.ts';
import { cut, EMPTY_TEXT, eachBounded, unitVector } from './embedding.ts';
import { modelNamed } from './models.ts';
import { base64, jpegWithin, type Pictures } from './pictures.ts';

const model = modelNamed('titan');
const TIMEOUT_SECONDS = 60;
/** Four characters a token is the usual figure for English; what still has too many tokens is cut in half and sent again. */
const CHARACTERS_PER_TOKEN = 4;
const MAX_HALVINGS = 5;

/**
 * Titan Multimodal Embeddings G1: pictures and English texts in one space, 256, 384 or 1024 numbers. One call a picture or text. Longer texts than 256 tokens are cut.
 */
export function createTitanEmbedder(bedrock: Bedrock, pictures: Pictures, dimensions: number): Embedder {
  const { limits, prices } = model;
  const embed = async (content: { inputImage: string } | { inputText: string }, costUsd: number, signal: AbortSignal): Promise<Float32Array> => {
    const body: JsonValue = { ...content, embeddingConfig: { outputEmbeddingLength: dimensions } };
    const call = { kind: 'embedding' as const, costUsd, repeat: 'unlessRefused' as const, timeoutSeconds: TIMEOUT_SECONDS, signal };
    const { embedding, message } = (await bedrock.invoke(model, body, call)) as { embedding?: unknown; message?: string | null };
    // A failure may come as a success with a message.
    if (message) throw new AppError('INVALID_MEDIA', `${model.title} could not embed it.`, { cause: new Error(message) });
    return unitVector(embedding, dimensions, model.title);
  };
  const embedText = async (text: string, signal: AbortSignal): Promise<Float32Array> => {
    const costUsd = (limits.maxTextTokens / 1000) * prices.perThousandTokens;
    let inputText = cut(text.trim(), limits.maxTextTokens * CHARACTERS_PER_TOKEN) || EMPTY_TEXT;
    for (let halvings = 0; ; halvings++) {
      try {
        return await embed({ inputText }, costUsd, signal);
      } catch (error) {
        if (halvings >= MAX_HALVINGS || inputText.length < 2 || !isTooLong(error)) throw error;
        inputText = cut(inputText, inputText.length >> 1);
      }
    }
  };
  return {
    id: `titan-embed-image-v1.${dimensions}`,
    dimensions,
    billed: true,
    modalities: ['image', 'text'],
    embedImages: (images, options: CallOptions = {}) =>
      eachBounded(images, options, async (image, signal) =>
        embed({ inputImage: base64(await jpegWithin(pictures, image, limits.maxImageSide)) }, prices.perImage, signal),
      ),
    embedTexts: (texts, options = {}) => eachBounded(texts, options, embedText),
  };
}

/** Bedrock's words for it, as seen for Titan models: "Too many input tokens. Max input tokens: ...", "expected maxLength: ...". */
function isTooLong(error: unknown): boolean {
  return error instanceof AppError && error.code === 'INVALID_INPUT' && error.cause instanceof Error && /input tokens|maxLength/i.test(error.cause.message);
}
