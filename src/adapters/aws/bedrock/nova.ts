import { readFile, stat } from 'node:fs/promises';
import type { Embedder, JsonValue } from '../../../ports.ts';
import type { Bedrock } from './client.ts';
import { cut, EMPTY_TEXT, eachBounded, unitVector } from './embedding.ts';
import { modelNamed } from './models.ts';
import { base64, jpegWithin, type Pictures } from './pictures.ts';

const model = modelNamed('nova');
const TIMEOUT_SECONDS = 60;
/** Callers hand over copies of at most 1024 px (port `Embedder`), panoramas aside; the inline limit is in bytes. */
const MAX_SIDE = 2048;
/** What is stored, and what asks for stored pictures (Nova embeddings schema, "embeddingPurpose"). */
const PURPOSES = { index: 'GENERIC_INDEX', query: 'IMAGE_RETRIEVAL' } as const;
/** Media types of clips under the names that the model has for them. */
const VIDEO_FORMATS: Record<string, string> = { 'video/mp4': 'mp4', 'video/webm': 'webm', 'video/quicktime': 'mov' };
/** Characters a token, for the price. */
const CHARACTERS_PER_TOKEN = 4;

/**
 * Nova Multimodal Embeddings: pictures and texts in one space, 256, 384, 1024 or 3072 numbers, with different vectors for what is stored and for what asks for it.
 * One call a picture, text or clip. Texts are cut after 8192 characters; clips go inline, up to 30 s and what 25 MB of base64 hold.
 */
export function createNovaEmbedder(bedrock: Bedrock, pictures: Pictures, dimensions: number): Embedder {
  const { limits, prices } = model;
  const embed = async (purpose: keyof typeof PURPOSES, content: Record<string, JsonValue>, costUsd: number, signal?: AbortSignal): Promise<Float32Array> => {
    const body: JsonValue = {
      schemaVersion: 'nova-multimodal-embed-v1',
      taskType: 'SINGLE_EMBEDDING',
      singleEmbeddingParams: { embeddingPurpose: PURPOSES[purpose], embeddingDimension: dimensions, ...content },
    };
    const call = { kind: 'embedding' as const, costUsd, repeat: 'unlessRefused' as const, timeoutSeconds: TIMEOUT_SECONDS, signal };
    const { embeddings } = (await bedrock.invoke(model, body, call)) as { embeddings?: { embedding?: unknown }[] };
    return unitVector(embeddings?.[0]?.embedding, dimensions, model.title);
  };
  return {
    id: `nova-2-multimodal-embeddings-v1.${dimensions}`,
    dimensions,
    billed: true,
    modalities: ['image', 'text'],
    embedImages: (images, { purpose = 'index', ...options } = {}) =>
      eachBounded(images, options, async (image, signal) => {
        const bytes = base64(await jpegWithin(pictures, image, MAX_SIDE));
        return embed(purpose, { image: { detailLevel: 'STANDARD_IMAGE', format: 'jpeg', source: { bytes } } }, prices.perImage, signal);
      }),
    async embedClip({ path, mediaType, durationSeconds }, { signal } = {}) {
      const format = VIDEO_FORMATS[mediaType];
      if (format === undefined || durationSeconds > limits.maxVideoSeconds || (await stat(path)).size > limits.maxInlineVideoBytes) return undefined;
      const video = { format, embeddingMode: 'AUDIO_VIDEO_COMBINED', source: { bytes: base64(await readFile(path)) } };
      return embed('index', { video }, durationSeconds * prices.perVideoSecond, signal);
    },
    embedTexts: (texts, options = {}) =>
      eachBounded(texts, options, (text, signal) => {
        const value = cut(text.trim(), limits.maxTextCharacters) || EMPTY_TEXT;
        const costUsd = (value.length / CHARACTERS_PER_TOKEN / 1000) * prices.perThousandTokens;
        return embed('query', { text: { truncationMode: 'END', value } }, costUsd, signal);
      }),
  };
}
