import { AppError } from '../errors.ts';
import type { Asset, CallOptions, Concept, Ports, SeenQuery } from '../ports.ts';
import { requireCollection } from './assets.ts';
import { type CosineScale, cosineScale } from './calibration.ts';
import { type Candidates, createReader, gather, type Query, type Reader } from './candidates.ts';
import { type Coverage, conceptProbability, coverage } from './coverage.ts';
import { diversify } from './diversity.ts';
import { fuse, type Lists, type Strength } from './fusion.ts';
import { cursorAfter, DEEPEST, markOf, shownBefore } from './pages.ts';
import { KNOWN_WEIGHT } from './question.ts';

/** The measured scores of a hit, each of its own kind; never a fused number. */
export interface HitScores {
  /** BM25 of the words against name, caption, tags and text attributes: larger is better, unbounded. */
  words?: number;
  /** Probability 0..1 that what the query names is seen in the picture: mean over its known words, without one the mean share of its colours. */
  seen?: number;
  /** Cosine of the picture to the query's words, -1..1, where the collection's embedder understands text; models differ in what unrelated ones have. */
  text?: number;
  /** Cosine to the query picture, -1..1, in the collection's embedder. */
  image?: number;
}

export type ScoreName = keyof HitScores;

export interface SearchRequest extends Query {
  limit: number;
  /** `cursor` of the page before. */
  cursor?: string | undefined;
  /** Only hits that have this score, and at least so much of it. */
  minScore?: { name: ScoreName; value: number } | undefined;
  /** 0 (off) .. 1: how much near-identical hits are held back. */
  diversity?: number | undefined;
}

export interface Hit {
  asset: Asset;
  /** From 1 over all pages. */
  rank: number;
  scores: HitScores;
  /** Best time of a video, in seconds. */
  atSeconds?: number;
  /** What of the query's words it answers; absent for a search by picture alone. */
  coverage?: Coverage;
  /** True where nothing of what was asked for is found in text or pixels, nor the picture is like the query's: not a confident hit. */
  weak: boolean;
  /** True where it answers the words clearly enough to make a video from it unasked. */
  grounds: boolean;
}

export interface SearchResult {
  hits: Hit[];
  /** How text was understood. */
  textSearch: 'words' | 'words+concepts' | 'openVocabulary';
  /** Content words of the query that the vision model does not know; they can only match captions, tags, names and attributes. */
  unknownWords: string[];
  /** Known only as neighbours: the table's word stands for something close to what was asked. */
  near: string[];
  /** Words such as "without" in the query: not understood, so what follows them is looked for like the rest. */
  negations: string[];
  /** Why the collection's embedder did not compare the words with the pictures, where it should have. */
  withoutEmbedder?: string;
  cursor?: string;
  /** False where it is not known what the embedder's cosines to a query picture mean: then no hit by picture is called weak. */
  calibrated: boolean;
  /** True where paging ends by its limit (`DEEPEST` hits), not for want of hits. */
  cutOff: boolean;
}

/** Candidates of each list: for the first pages, and for all further ones. Each serves many pages, so that their order stays. */
const CANDIDATES = { first: 120, deep: 1200 };
/** Hits from which the deeper lists are read. */
const DEEP_FROM = 90;

/**
 * Searches a collection by text, by picture or by both, fused by strength. NOT_FOUND for an unknown collection, INVALID_INPUT for a cursor of
 * another search and for a `minScore` that this search cannot have.
 */
export async function search(ports: Ports, request: SearchRequest, options: CallOptions = {}): Promise<SearchResult> {
  const { embedderId } = await requireCollection(ports, request.collection);
  const scale = cosineScale(embedderId);
  const { limit, cursor, maxBytes: _, ...identity } = request;
  const shown = shownBefore(identity, cursor);
  const wanted = shown.length + limit;
  const candidates = await gather(ports, request, wanted > DEEP_FROM ? CANDIDATES.deep : CANDIDATES.first, options);
  const reader = createReader(ports, request.collection, candidates.question);
  const ranked = await rank(request, candidates, reader, wanted);
  const marks = new Set(shown);
  const before = shown.length === 0 ? [] : ranked.map(({ id }) => id).filter((id) => marks.has(markOf(id)));
  const isShown = new Set(before);
  const fresh = ranked.filter(({ id }) => !isShown.has(id));
  const page = await choose(ports, request, fresh, { shown: before, embedderId, lists: candidates.lists });
  const assets = [...(await reader.assets(page)).values()];
  const more = fresh.length > limit;
  const cutOff = more && shown.length + page.length >= DEEPEST;
  return {
    hits: assets.map((asset, at) => toHit(asset, shown.length + at + 1, candidates, reader, scale)),
    ...heard(candidates),
    calibrated: scale !== undefined,
    ...(more && !cutOff ? { cursor: cursorAfter(identity, [...shown, ...page.map(markOf)]) } : {}),
    cutOff,
  };
}

/** The ids of the page: the best, or with `diversity` those that are unlike each other too. */
async function choose(
  ports: Ports,
  { diversity = 0, limit }: SearchRequest,
  ranked: Strength[],
  { shown, embedderId, lists: { image, ...others } }: { shown: string[]; embedderId: string; lists: Lists },
): Promise<string[]> {
  if (diversity === 0) return ranked.slice(0, limit).map(({ id }) => id);
  // Relevance and likeness as cosines of one space, where there is no other evidence: fusion stretches what lies between best and worst.
  const cosines = new Map(Object.keys(others).length === 0 ? image?.map(({ id, score }) => [id, score]) : []);
  const relevant = ranked.map(({ id, strength }) => ({ id, strength: cosines.get(id) ?? strength }));
  return diversify(ports, relevant, { diversity, shown, count: limit, embedderId });
}

/** At least the best `count` + 1 hits in their order; more where a later choice among them needs it. */
async function rank(request: SearchRequest, { lists, understood }: Candidates, reader: Reader, count: number): Promise<Strength[]> {
  const { minScore, diversity = 0 } = request;
  const all = diversity > 0 || minScore?.name === 'seen';
  const ranked = await fuse(atLeast(lists, minScore), understood, all ? Number.POSITIVE_INFINITY : count + 1, reader.shares);
  if (minScore?.name !== 'seen') return ranked;
  const assets = await reader.assets(ranked.map(({ id }) => id));
  return ranked.filter(({ id }) => {
    const asset = assets.get(id);
    return asset !== undefined && understood !== undefined && (evidence(asset, understood) ?? 0) >= minScore.value;
  });
}

/** Only what has the score that was asked for, and enough of it. */
function atLeast(lists: Lists, minScore: SearchRequest['minScore']): Lists {
  if (!minScore) return lists;
  const of = lists[minScore.name];
  if (!of) {
    const has = Object.keys(lists).map((name) => `"${name}"`);
    throw new AppError('INVALID_INPUT', `minScore.${minScore.name} is a score that this search does not have.`, {
      hint: `It has ${has.join(', ')}: words and seen need query, image needs imageId or imagePath, text an embedder that understands words.`,
    });
  }
  if (minScore.name === 'seen') return lists;
  const kept = new Set(of.filter(({ score }) => score >= minScore.value).map(({ id }) => id));
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.filter(({ id }: { id: string }) => kept.has(id))]));
}

/** What the search made of the words. */
function heard({ lists, question, understood, withoutEmbedder }: Candidates): Pick<SearchResult, 'textSearch' | 'unknownWords' | 'near' | 'negations'> {
  const { concepts = [], colours = [], unknownWords = [] } = understood ?? {};
  const near = concepts.filter(({ weight }) => weight < KNOWN_WEIGHT).map(({ word }) => word);
  const sees = concepts.length > 0 || colours.length > 0;
  return {
    textSearch: lists.text ? 'openVocabulary' : sees ? 'words+concepts' : 'words',
    unknownWords: unknownWords.filter((word) => !near.includes(word)),
    near,
    negations: question?.negations ?? [],
    ...(withoutEmbedder ? { withoutEmbedder } : {}),
  };
}

function toHit(asset: Asset, rank: number, { lists, question, understood }: Candidates, reader: Reader, scale: CosineScale | undefined): Hit {
  const of = (name: keyof Lists) => lists[name]?.find(({ id }) => id === asset.id);
  const [words, text, image] = [of('words'), of('text'), of('image')];
  const seen = understood && evidence(asset, understood);
  const values = { words: words?.score, seen, text: text?.score, image: image?.score };
  const scores: HitScores = Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, round(value)]])));
  const atSeconds = image?.atSeconds ?? text?.atSeconds;
  const covered = question && coverage(asset, question, reader.textsOf(asset), reader.absent);
  const isLike = image !== undefined && image.score >= (scale?.imageWeakBelow ?? -1);
  const isDescribed = text !== undefined && scale?.textFrom !== undefined && text.score >= scale.textFrom;
  return {
    asset,
    rank,
    scores,
    ...(atSeconds === undefined ? {} : { atSeconds }),
    ...(covered ? { coverage: covered } : {}),
    weak: !isLike && !isDescribed && (covered?.weak ?? true),
    grounds: isDescribed || (covered?.grounds ?? false),
  };
}

/** Mean over the query's concepts of the probability that it is seen; without a known concept the mean share of its colours. */
function evidence(asset: Asset, { concepts, colours }: SeenQuery): number | undefined {
  if (!asset.seen) return undefined;
  const shares = new Map(asset.seen.colours);
  const values =
    concepts.length > 0 ? concepts.map((concept: Concept) => conceptProbability(asset, concept)) : colours.map((colour) => shares.get(colour) ?? 0);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
