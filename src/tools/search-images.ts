import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { Hit, QueryImage } from '../library/search.ts';
import { cleanText } from '../library/text.ts';
import type { Asset, Collection, FileBytes, Filter } from '../ports.ts';
import type { Studio } from '../studio.ts';
import { type AssetData, AssetOutput, assetOutput, assetText, thumbnail } from './asset-output.ts';
import { CollectionInput, TagsInput } from './common-input.ts';
import { defineTool, type ToolResult } from './define.ts';

/** Thumbnails: enough to choose by, small enough for clients that cap a result at 1 MB. */
const THUMBNAILS = { count: 6, maxSide: 192 };

const input = z.strictObject({
  query: z.string().min(1).max(500).optional().describe('What to look for, in words; without query and image: lists collections and newest assets'),
  imageId: z.string().optional().describe('Find pictures similar to this asset'),
  imagePath: z.string().optional().describe('Find pictures similar to this local file'),
  collection: CollectionInput,
  kind: z.enum(['image', 'video', 'any']).default('image'),
  tagsAll: TagsInput.optional(),
  tagsAny: TagsInput.optional(),
  tagsNone: TagsInput.optional(),
  status: z.enum(['pending', 'approved', 'rejected']).optional(),
  limit: z.int().min(1).max(50).default(10),
  cursor: z.string().optional().describe('nextCursor of the page before'),
  includeImages: z.boolean().default(true).describe('Attach thumbnails of the first 6 hits'),
});

const output = z.strictObject({
  collection: z.string(),
  textSearch: z.enum(['words', 'words+concepts', 'openVocabulary']),
  hits: z.array(
    AssetOutput.extend({
      rank: z.number(),
      scores: z.record(z.string(), z.number()).describe('words: BM25, unbounded; seen: probability; image: cosine, unrelated is about .3'),
      missing: z.array(z.string()).describe('Query words neither written nor seen'),
      weak: z.boolean().describe('True: not a confident hit'),
      atSeconds: z.number().optional(),
    }),
  ),
  unknownWords: z.array(z.string()).describe('Only texts can match these'),
  near: z.array(z.string()),
  collections: z.array(z.strictObject({ name: z.string(), images: z.number(), videos: z.number() })).optional(),
  nextCursor: z.string().optional(),
  advice: z.string(),
});

type Arguments = z.output<typeof input>;
type HitData = AssetData & Pick<z.input<typeof output>['hits'][number], 'rank' | 'scores' | 'missing' | 'weak' | 'atSeconds'>;
type Data = Omit<z.input<typeof output>, 'hits'> & { hits: HitData[] };

export const searchImages = defineTool({
  name: 'search_images',
  title: 'Search images',
  description:
    'Finds pictures (or clips) in a collection by words, by a similar picture, or both: words match captions, tags, names and what is seen in the pixels. Without query and image it lists the collections and the newest assets. Returns ids, scores and thumbnails.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input,
  output,
  async handler(args, { studio, signal }) {
    if (args.imageId !== undefined && args.imagePath !== undefined) throw new AppError('INVALID_INPUT', 'Give imageId or imagePath, not both.');
    if (args.imagePath !== undefined && !studio.localPaths)
      throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Ingest the picture by url and search with its imageId.' });
    const image: QueryImage | undefined =
      args.imageId !== undefined ? { imageId: args.imageId } : args.imagePath !== undefined ? { imagePath: args.imagePath } : undefined;
    if (args.query === undefined && image === undefined) return overview(studio, args);
    const offset = readCursor(args.cursor);
    const { collection, query, limit } = args;
    const found = await studio.assets.search(
      studio.ports,
      { collection, query, image, filter: toFilter(args), limit, offset, maxBytes: studio.maxFileBytes },
      { signal },
    );
    const nextCursor = found.hasMore ? `o${offset + limit}` : undefined;
    const hits = await Promise.all(found.hits.map((hit, index) => hitOutput(studio, hit, offset + index + 1)));
    const advice = adviceFor(found.hits, found.near, collection);
    const data: Data = {
      collection,
      textSearch: found.textSearch,
      hits,
      unknownWords: found.unknownWords,
      near: found.near,
      ...(nextCursor ? { nextCursor } : {}),
      advice,
    };
    return {
      data,
      text: hitsText(data),
      images: args.includeImages
        ? await thumbnails(
            studio,
            found.hits.map((hit) => hit.asset),
          )
        : [],
    };
  },
});

function toFilter({ kind, tagsAll, tagsAny, tagsNone, status }: Arguments): Filter {
  const lower = (tags: string[]) => tags.map((tag) => tag.trim().toLowerCase());
  return {
    ...(kind === 'any' ? {} : { kind }),
    ...(tagsAll ? { tagsAll: lower(tagsAll) } : {}),
    ...(tagsAny ? { tagsAny: lower(tagsAny) } : {}),
    ...(tagsNone ? { tagsNone: lower(tagsNone) } : {}),
    ...(status ? { status: [status] } : {}),
  };
}

function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const offset = /^o(\d{1,6})$/.exec(cursor)?.[1];
  if (offset === undefined)
    throw new AppError('INVALID_INPUT', `cursor "${cleanText(cursor, 40)}" is none of this search.`, {
      hint: 'Pass nextCursor of the page before, with the same query, or no cursor.',
    });
  return Number(offset);
}

async function hitOutput(studio: Studio, hit: Hit, rank: number): Promise<HitData> {
  const { asset, scores, ...rest } = hit;
  return { rank, ...(await assetOutput(studio, asset)), scores: { ...scores }, ...rest };
}

function adviceFor(hits: Hit[], near: string[], collection: string): string {
  if (hits.length === 0) return `Nothing in "${collection}" matches. Try fewer or other words, or call search_images without query to see what is there.`;
  if (hits.every((hit) => hit.weak))
    return 'No confident hit: none of the things asked for is written or clearly seen in these. Check the pictures before using one.';
  const close = near.length > 0 ? ` The vision model knows these words only as something close: ${near.join(', ')}.` : '';
  return `Use a hit's id as imageId in generate_video, inpaint_image or search_images.${close}`;
}

function hitsText(data: Data): string {
  const lines = data.hits.map((hit) => {
    const scores = Object.entries(hit.scores).map(([name, value]) => `${name} ${value}`);
    const notes = [
      hit.weak ? 'WEAK' : '',
      hit.missing.length > 0 ? `not found: ${hit.missing.join(', ')}` : '',
      hit.atSeconds === undefined ? '' : `best at ${hit.atSeconds} s`,
    ].filter(Boolean);
    return `#${hit.rank} (${[...scores, ...notes].join('; ')}) ${assetText(hit)}`;
  });
  const unknown = data.unknownWords.length > 0 ? [`Words the vision model does not know (only texts can match them): ${data.unknownWords.join(', ')}.`] : [];
  const next = data.nextCursor ? [`More: cursor "${data.nextCursor}".`] : [];
  return [`${data.hits.length} hits in "${data.collection}" (${data.textSearch}). ${data.advice}`, ...unknown, ...lines, ...next].join('\n');
}

async function thumbnails(studio: Studio, assets: Asset[]): Promise<FileBytes[]> {
  const made = await Promise.all(assets.slice(0, THUMBNAILS.count).map((asset) => thumbnail(studio, asset, THUMBNAILS.maxSide)));
  return made.filter((image) => image !== undefined);
}

async function overview(studio: Studio, args: Arguments): Promise<ToolResult<Data>> {
  const collections = (await studio.ports.catalog.collections()).map(({ name, images, videos }: Collection) => ({ name, images, videos }));
  if (args.collection !== 'default') await studio.assets.requireCollection(studio.ports, args.collection);
  const asked = collections.some(({ name }) => name === args.collection) ? args.collection : undefined;
  const page = await studio.ports.catalog.list(asked, toFilter(args), { limit: args.limit, ...(args.cursor === undefined ? {} : { cursor: args.cursor }) });
  const hits = await Promise.all(page.assets.map((asset, index) => hitOutput(studio, { asset, scores: {}, missing: [], weak: false }, index + 1)));
  const advice =
    collections.length === 0
      ? 'The library is empty: add pictures with ingest_image.'
      : `Newest first${asked ? ` in "${asked}"` : ' over all collections'}. Give query or imageId to search one collection.`;
  const data: Data = {
    collection: asked ?? 'all',
    textSearch: 'words',
    hits,
    unknownWords: [],
    near: [],
    collections,
    ...(page.cursor ? { nextCursor: page.cursor } : {}),
    advice,
  };
  const list = collections.map(({ name, images, videos }) => `- "${name}": ${images} images, ${videos} videos`);
  return {
    data,
    text: [`Collections: ${collections.length}`, ...list, hitsText(data)].join('\n'),
    images: args.includeImages ? await thumbnails(studio, page.assets) : [],
  };
}
