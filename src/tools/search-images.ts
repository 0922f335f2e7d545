import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { QueryImage } from '../library/nearest.ts';
import type { ScoreName } from '../library/search.ts';
import type { Asset, FileBytes, Filter } from '../ports.ts';
import type { Studio } from '../studio.ts';
import { thumbnail } from './asset-output.ts';
import { CollectionName } from './common-input.ts';
import { defineTool, type ToolResult } from './define.ts';
import { hitOutput, listAdvice, output, type SearchData, searchAdvice, searchText } from './search-output.ts';

/** Thumbnails: enough to choose by, small enough for clients that cap a result at 1 MB. */
const THUMBNAILS = { count: 6, maxSide: 192 };

/** Where no collection is named. */
const DEFAULT_COLLECTION = 'default';

const input = z.strictObject({
  query: z.string().min(1).max(500).optional().describe('Words; without query and image: lists collections and newest assets'),
  imageId: z.string().optional().describe('Similar to this image or video'),
  imagePath: z.string().optional().describe('Similar to this local file'),
  collection: CollectionName.optional().describe('Default: "default"; for the list: all'),
  kind: z.enum(['image', 'video', 'any']).default('image'),
  filter: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      '{field: value | [any of] | {gte, lte}, tags: {all, any, none}}; fields: status, licence, creator, name, source, mediaType, captionOrigin, orientation, width, height, megapixels, brightness, durationSeconds, createdAt, updatedAt, madeFrom, any attribute',
    ),
  minScore: z
    .partialRecord(z.enum(['words', 'seen', 'text', 'image']), z.number())
    .optional()
    .describe('One of scores: {"seen": 0.3}'),
  diversity: z.number().min(0).max(1).default(0).describe('1: least alike hits'),
  limit: z.int().min(1).max(50).default(10),
  cursor: z.string().max(8000).optional().describe('nextCursor of the page before'),
  includeImages: z.boolean().default(true).describe('Thumbnails of the first 6'),
});

type Arguments = z.output<typeof input>;

export const searchImages = defineTool({
  name: 'search_images',
  title: 'Search images',
  description:
    'Finds pictures (or clips) in a collection by words, by a similar picture, or both: words match captions, tags, attributes, names and what is seen in the pixels. Without query and image it lists the collections and the newest assets. Returns ids, scores, why each matched, and thumbnails.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input,
  output,
  async handler(args, { studio, signal }) {
    const image = queryImage(studio, args);
    if (args.query === undefined && image === undefined) return overview(studio, args);
    const { query, limit, cursor, diversity, collection = DEFAULT_COLLECTION } = args;
    await studio.assets.requireCollection(studio.ports, collection);
    const [filter, minScore] = [await toFilter(studio, collection, args), toMinScore(args)];
    const request = { collection, query, image, filter, limit, cursor, minScore, diversity, maxBytes: studio.maxFileBytes };
    const found = await studio.assets.search(studio.ports, request, { signal });
    const data: SearchData = {
      collection,
      textSearch: found.textSearch,
      hits: await Promise.all(found.hits.map((hit) => hitOutput(studio, hit))),
      unknownWords: found.unknownWords,
      near: found.near,
      ...(found.cursor ? { nextCursor: found.cursor } : {}),
      advice: searchAdvice(found, { collection, isNarrowed: args.filter !== undefined || minScore !== undefined, isFirstPage: cursor === undefined }),
    };
    return answer(
      studio,
      args,
      data,
      found.hits.map(({ asset }) => asset),
    );
  },
});

function queryImage(studio: Studio, { imageId, imagePath }: Arguments): QueryImage | undefined {
  if (imageId !== undefined && imagePath !== undefined) throw new AppError('INVALID_INPUT', 'Give imageId or imagePath, not both.');
  if (imagePath !== undefined && !studio.localPaths)
    throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Ingest the picture by url and search with its imageId.' });
  return imageId !== undefined ? { imageId } : imagePath !== undefined ? { imagePath } : undefined;
}

async function toFilter(studio: Studio, collection: string | undefined, { kind, filter }: Arguments): Promise<Filter> {
  return { ...(kind === 'any' ? {} : { kind }), ...(filter ? await studio.assets.readFilter(studio.ports, collection, filter) : {}) };
}

function toMinScore({ minScore }: Arguments): { name: ScoreName; value: number } | undefined {
  const given = Object.entries(minScore ?? {}) as [ScoreName, number][];
  if (given.length === 0) return undefined;
  if (given.length > 1)
    throw new AppError('INVALID_INPUT', `minScore names ${given.length} scores: ${given.map(([name]) => name).join(', ')}.`, {
      hint: 'Give one of them, such as {"seen": 0.3}: they are numbers of different kinds.',
    });
  return { name: given[0][0], value: given[0][1] };
}

async function overview(studio: Studio, args: Arguments): Promise<ToolResult<SearchData>> {
  if (args.minScore !== undefined || args.diversity > 0)
    throw new AppError('INVALID_INPUT', 'minScore and diversity need query, imageId or imagePath: a list has no scores.');
  const { collection, limit, cursor } = args;
  if (collection !== undefined) await studio.assets.requireCollection(studio.ports, collection);
  const collections = await studio.ports.catalog.collections();
  const page = await studio.assets.listAssets(studio.ports, { collection, filter: await toFilter(studio, collection, args), limit, cursor });
  const data: SearchData = {
    collection: collection ?? 'all',
    textSearch: 'words',
    hits: await Promise.all(page.assets.map((asset, at) => hitOutput(studio, { asset, rank: at + 1, scores: {}, weak: false }))),
    unknownWords: [],
    near: [],
    collections: collections.map(({ name, images, videos, embedderId: embedder, requireApproval }) => ({ name, images, videos, embedder, requireApproval })),
    ...(page.cursor ? { nextCursor: page.cursor } : {}),
    advice: listAdvice(collections.length, page.assets.length, collection),
  };
  return answer(studio, args, data, page.assets);
}

async function answer(studio: Studio, { includeImages }: Arguments, data: SearchData, assets: Asset[]): Promise<ToolResult<SearchData>> {
  const made = includeImages ? await Promise.all(assets.slice(0, THUMBNAILS.count).map((asset) => thumbnail(studio, asset, THUMBNAILS.maxSide))) : [];
  return { data, text: searchText(data), images: made.filter((image): image is FileBytes => image !== undefined) };
}
