import * as z from 'zod';
import type { Matched } from '../library/coverage.ts';
import type { Hit, SearchResult } from '../library/search.ts';
import type { Studio } from '../studio.ts';
import { type AssetData, assetOutput, assetText, round } from './asset-output.ts';

/** What a hit has besides the asset. */
const hitFields = {
  rank: z.number(),
  scores: z.record(z.string(), z.number()).describe('words: BM25; seen: probability; text, image: cosine (image: unrelated is about .3)'),
  matched: z.record(z.string(), z.array(z.string())).describe('Query words: written (by a person), modelCaption, fileName, seen'),
  missing: z.array(z.string()),
  weak: z.boolean().describe('True: not a confident hit'),
  atSeconds: z.number().optional(),
};

export const output = z.strictObject({
  collection: z.string(),
  textSearch: z.enum(['words', 'words+concepts', 'openVocabulary']),
  // The fields of the asset stand in the tool list once, at ingest_image: the list is paid for in every conversation.
  hits: z.array(z.looseObject({ id: z.string(), ...hitFields })).describe('Assets as ingest_image returns them, and:'),
  unknownWords: z.array(z.string()).describe('Only texts can match these'),
  near: z.array(z.string()),
  collections: z
    .array(z.strictObject({ name: z.string(), images: z.number(), videos: z.number(), embedder: z.string(), requireApproval: z.boolean() }))
    .optional(),
  nextCursor: z.string().optional(),
  advice: z.string(),
});

export type SearchData = Omit<z.input<typeof output>, 'hits'> & { hits: HitData[] };
type HitData = AssetData & z.input<z.ZodObject<typeof hitFields>>;

/** A hit as results show it. */
export async function hitOutput(studio: Studio, { asset, rank, scores, coverage, weak, atSeconds }: Omit<Hit, 'grounds'>): Promise<HitData> {
  return {
    rank,
    ...(await assetOutput(studio, asset)),
    scores: { ...scores },
    matched: coverage ? matchedOutput(coverage.matched) : {},
    missing: coverage?.missing ?? [],
    weak,
    ...(atSeconds === undefined ? {} : { atSeconds: round(atSeconds, 2) }),
  };
}

function matchedOutput({ seen, ...texts }: Matched): Record<string, string[]> {
  const all = { ...texts, seen: Object.entries(seen).map(([word, share]) => `${word} ${share.toFixed(2)}`) };
  return Object.fromEntries(Object.entries(all).filter(([, words]) => words.length > 0));
}

/** What to make of a page of hits, and the next call. */
export function searchAdvice(
  found: SearchResult,
  { collection, isNarrowed, isFirstPage }: { collection: string; isNarrowed: boolean; isFirstPage: boolean },
): string {
  const { hits, near, negations, withoutEmbedder, calibrated, cutOff } = found;
  const notes = [
    verdict(hits, collection, isNarrowed, isFirstPage),
    near.length > 0 ? `The vision model knows these words only as something close: ${near.join(', ')}.` : '',
    negations.length > 0
      ? `${negations.map((word) => `"${word}"`).join(', ')} is not understood: what follows is looked for, not left out. Name only what should be there; tags are left out with filter.tags.none.`
      : '',
    withoutEmbedder ? `The words were not compared with the pictures: ${withoutEmbedder}` : '',
    !calibrated && hits.some(({ scores }) => scores.image !== undefined)
      ? 'What cosines of this embedder mean was not measured: compare the pictures yourself.'
      : '',
    cutOff ? 'Paging ends here: use filter, minScore or more words to see what ranks below.' : '',
  ];
  return notes.filter(Boolean).join(' ');
}

function verdict(hits: Hit[], collection: string, isNarrowed: boolean, isFirstPage: boolean): string {
  if (hits.length === 0 && !isFirstPage) return 'No more hits.';
  if (hits.length === 0) {
    const looser = isNarrowed ? 'Loosen filter or minScore, try' : 'Try';
    return `Nothing in "${collection}" matches. ${looser} fewer or other words, or call search_images without query to see what is there.`;
  }
  if (hits.every((hit) => hit.weak))
    return 'No confident hit: what was asked for is neither written nor clearly seen in these, nor are they like the query picture. Check before using one.';
  const first = hits[0].weak ? 'The first hit is weak: look at it and at the others before using one. ' : '';
  return `${first}Use a hit's id as imageId in generate_video, inpaint_image or search_images.`;
}

/** What to make of a list of assets. */
export function listAdvice(collections: number, assets: number, collection: string | undefined): string {
  if (collections === 0) return 'The library is empty: add pictures with ingest_image.';
  const where = collection === undefined ? 'over all collections' : `in "${collection}"`;
  if (assets === 0) return `No asset ${where} matches. Loosen filter, or give kind "any".`;
  return `Newest first ${where}. Give query or imageId to search one collection.`;
}

/** The same facts as text. */
export function searchText(data: SearchData): string {
  const collections = (data.collections ?? []).map(
    ({ name, images, videos, embedder, requireApproval }) =>
      `- "${name}": ${images} images, ${videos} videos; embedder ${embedder}${requireApproval ? '; only approved assets may ground a video' : ''}`,
  );
  const unknown = data.unknownWords.length > 0 ? [`Words the vision model does not know (only texts can match them): ${data.unknownWords.join(', ')}.`] : [];
  return [
    ...(data.collections ? [`Collections: ${collections.length}`] : []),
    ...collections,
    `${data.hits.length} hits in "${data.collection}" (${data.textSearch}). ${data.advice}`,
    ...unknown,
    ...data.hits.map(hitText),
    ...(data.nextCursor ? [`More: cursor "${data.nextCursor}".`] : []),
  ].join('\n');
}

const LABELS: Record<string, string> = { written: 'written', modelCaption: 'in a caption by a model', fileName: 'only in the file name', seen: 'seen' };

function hitText(hit: HitData): string {
  const scores = Object.entries(hit.scores).map(([name, value]) => `${name} ${value}`);
  const notes = [
    hit.weak ? 'WEAK' : '',
    ...Object.entries(hit.matched).map(([source, words]) => `${LABELS[source] ?? source}: ${words.join(', ')}`),
    hit.missing.length > 0 ? `not found: ${hit.missing.join(', ')}` : '',
    hit.atSeconds === undefined ? '' : `best at ${hit.atSeconds} s`,
  ].filter(Boolean);
  return `#${hit.rank} (${[...scores, ...notes].join('; ')}) ${assetText(hit)}`;
}
