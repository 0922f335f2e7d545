import { AppError } from '../errors.ts';
import type { Asset, CallOptions, Filter, Ports, Ranked, SeenQuery } from '../ports.ts';
import { type AssetTexts, hasWord, suspects, textsOf, writtenShare } from './coverage.ts';
import type { Lists } from './fusion.ts';
import { type NearestRequest, nearestToImage, nearestToText, type QueryImage } from './nearest.ts';
import { type Question, readQuestion } from './question.ts';

/** What is looked for: words, a picture, or both. */
export interface Query {
  collection: string;
  query?: string | undefined;
  image?: QueryImage | undefined;
  filter: Filter;
  /** Largest file that a query picture may be. */
  maxBytes: number;
}

/** What the catalog and the models answered to a query. */
export interface Candidates {
  lists: Lists;
  /** The query's words taken apart, where it has any. */
  question?: Question;
  understood?: SeenQuery;
  /** Why the collection's embedder did not compare the words with the pictures, where it should have. */
  withoutEmbedder?: string;
}

/** Asks for the k best of each kind. */
export async function gather(ports: Ports, { collection, query, image, filter, maxBytes }: Query, k: number, options: CallOptions): Promise<Candidates> {
  const request = { collection, filter, k };
  const byImage = image && (await nearestToImage(ports, request, image, { ...options, maxBytes }));
  const lists: Lists = byImage ? { image: byImage } : {};
  if (!query) return { lists };
  const understood = await ports.recogniser.understand(query);
  const question = readQuestion(query, understood);
  const [words, seen, byText] = await Promise.all([
    ports.catalog.match(collection, question.words.join(' '), filter, k),
    ports.catalog.seen(collection, understood, filter, k),
    byWords(ports, request, query, options),
  ]);
  const compared = byText instanceof AppError ? undefined : byText;
  return {
    lists: { ...lists, words, seen, ...(compared ? { text: compared } : {}) },
    question,
    understood,
    ...(byText instanceof AppError ? { withoutEmbedder: byText.message } : {}),
  };
}

/** A collection whose embedder cannot be had here is still searched by its texts; the result says so. */
async function byWords(ports: Ports, request: NearestRequest, query: string, options: CallOptions): Promise<Ranked[] | AppError | undefined> {
  try {
    return await nearestToText(ports, request, query, options);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELLED') throw error;
    return error;
  }
}

/** Reads candidates, each once, with what their texts say of a question. */
export interface Reader {
  /** Those that are still there. */
  assets(ids: string[]): Promise<Map<string, Asset>>;
  /** The share 0..1 of the question's words that their texts hold. */
  shares(ids: string[]): Promise<Map<string, number>>;
  textsOf(asset: Asset): AssetTexts;
  /** Words of the question that are nowhere in the collection, as far as it mattered. */
  absent: ReadonlySet<string>;
}

export function createReader(ports: Ports, collection: string, question: Question | undefined): Reader {
  const known = new Map<string, Asset>();
  const texts = new Map<string, AssetTexts>();
  const checked = new Set<string>();
  const absent = new Set<string>();
  const lookUp = (asset: Asset): AssetTexts => {
    const found = texts.get(asset.id) ?? textsOf(asset);
    texts.set(asset.id, found);
    return found;
  };
  const assets = async (ids: string[]) => {
    const unread = ids.filter((id) => !known.has(id));
    if (unread.length > 0) for (const asset of await ports.catalog.getMany(unread)) known.set(asset.id, asset);
    return new Map(ids.flatMap((id) => known.get(id) ?? []).map((asset) => [asset.id, asset]));
  };
  // The catalog corrects a word only where the whole collection lacks it; then, and only then, its best match lacks it too.
  const isAbsent = async (word: string) => {
    const [best] = await ports.catalog.match(collection, word, {}, 1);
    const asset = best && (await ports.catalog.get(best.id));
    return asset !== undefined && !hasWord(textsOf(asset), word);
  };
  return {
    assets,
    textsOf: lookUp,
    absent,
    async shares(ids) {
      if (!question) return new Map(ids.map((id) => [id, 0]));
      const found = await assets(ids);
      const unchecked = question.words.filter((word) => !checked.has(word));
      for (const word of suspects([...found.values()].map(lookUp), unchecked)) {
        checked.add(word);
        if (await isAbsent(word)) absent.add(word);
      }
      return new Map([...found].map(([id, asset]) => [id, writtenShare(lookUp(asset), question, absent)]));
    },
  };
}
