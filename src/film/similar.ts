import { cosineScale } from '../library/calibration.ts';
import { contentWords, lexicon } from '../library/words.ts';
import type { AssetVector, Ports } from '../ports.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { requireGenerator, type Storyboard } from './storyboard.ts';

/** A finished clip that a request comes close to. */
export interface SimilarVideo {
  videoId: string;
  jobId: string;
  prompts: string[];
  /** Share of their content words that both prompts have, 0..1 (Dice). */
  promptScore: number;
  /** 1: the same bytes; else the cosine of the references in the collection's embedder, of several the mean. Absent: text only, both. */
  referenceScore?: number;
  provider: string;
  durationSeconds: number;
  width: number;
  height: number;
  /** What it cost then, US dollars. */
  costUsd: number;
}

type VideoManifest = Extract<Manifest, { type: 'video' }>;

/** At least half of the words are the same. */
const PROMPT_FROM = 0.5;
/** Videos by words that are compared, and those that are shown. */
const COMPARED = 50;
const SHOWN = 5;

/**
 * Finished clips of the collection, made by AI where the request's would be, whose prompt shares at least half of its words with the request's
 * and whose references are the same bytes, or so like them as only pictures of the same thing are (`imageWeakBelow`; where the embedder was not
 * measured, only the same bytes). Best first, at most 5.
 */
export async function similarVideos(ports: Ports, storyboard: Storyboard): Promise<SimilarVideo[]> {
  const { collection, shots } = storyboard;
  const settings = await ports.catalog.collection(collection);
  if (!settings) return [];
  const prompt = shots.map((shot) => shot.prompt).join(' ');
  const filter = { kind: 'video' as const, status: ['approved' as const, 'pending' as const], tagsAll: ['generated'] };
  const ranked = await ports.catalog.match(collection, prompt, filter, COMPARED);
  const { generative } = requireGenerator(ports, storyboard.provider).capabilities;
  const manifests = (await Promise.all(ranked.map(({ id }) => readManifest(ports, id)))).filter(
    (manifest): manifest is VideoManifest => manifest?.type === 'video' && manifest.generative === generative,
  );
  const wanted = shots.flatMap((shot) => shot.references);
  const close = manifests.filter((manifest) => likeness(prompt, promptOf(manifest)) >= PROMPT_FROM);
  const vectors = await vectorsOf(ports, settings, [...wanted, ...close.flatMap(referencesOf)]);
  const least = cosineScale(settings.embedderId)?.imageWeakBelow ?? 1;
  return close
    .flatMap((manifest) => {
      const referenceScore = compared(wanted, referencesOf(manifest), vectors);
      const bothText = wanted.length === 0 && referencesOf(manifest).length === 0;
      if (!bothText && (referenceScore ?? -1) < least) return [];
      return [{ ...shown(manifest), promptScore: round(likeness(prompt, promptOf(manifest))), ...(referenceScore === undefined ? {} : { referenceScore }) }];
    })
    .sort((a, b) => b.promptScore + (b.referenceScore ?? 0) - a.promptScore - (a.referenceScore ?? 0))
    .slice(0, SHOWN);
}

const promptOf = ({ shots }: VideoManifest): string => shots.map((shot) => shot.prompt).join(' ');
const referencesOf = ({ shots }: VideoManifest): Reference[] => shots.flatMap((shot) => shot.references);

/** Dice's coefficient of the stems of both texts' content words. */
function likeness(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => new Set(lexicon(contentWords(text)).keys()));
  const shared = [...left].filter((term) => right.has(term)).length;
  return left.size + right.size === 0 ? 0 : (2 * shared) / (left.size + right.size);
}

interface Reference {
  assetId: string;
  sha256: string;
  atSeconds?: number;
}

async function vectorsOf(
  ports: Ports,
  { embedderId, dimensions }: { embedderId: string; dimensions: number },
  references: Reference[],
): Promise<Map<string, AssetVector[]>> {
  if (dimensions === 0) return new Map();
  return ports.catalog.vectors([...new Set(references.map(({ assetId }) => assetId))], embedderId);
}

/** Mean over the wanted references of the most alike one; `undefined` where any of them cannot be compared. */
function compared(wanted: Reference[], there: Reference[], vectors: Map<string, AssetVector[]>): number | undefined {
  if (wanted.length === 0) return undefined;
  const best = wanted.map((one) => Math.max(...there.map((other) => (one.sha256 === other.sha256 ? 1 : cosine(one, other, vectors))), -1));
  return best.includes(-1) ? undefined : round(best.reduce((sum, each) => sum + each, 0) / best.length);
}

function cosine(a: Reference, b: Reference, vectors: Map<string, AssetVector[]>): number {
  const [left, right] = [a, b].map(({ assetId, atSeconds }) => nearestInTime(vectors.get(assetId), atSeconds));
  if (!left || !right) return -1;
  return left.vector.reduce((sum, value, at) => sum + value * right.vector[at], 0);
}

/** A video's frame closest to the moment; of a picture its first vector. */
function nearestInTime(vectors: AssetVector[] = [], atSeconds = 0): AssetVector | undefined {
  const distance = (one: AssetVector) => Math.abs((one.atSeconds ?? 0) - atSeconds);
  return [...vectors].sort((a, b) => distance(a) - distance(b))[0];
}

function shown({ assetId, jobId, provider, shots, costUsd }: VideoManifest): Omit<SimilarVideo, 'promptScore'> {
  const durationSeconds = round(shots.reduce((sum, shot) => sum + shot.durationSeconds, 0));
  const { width = 0, height = 0 } = shots[0];
  return { videoId: assetId, jobId, prompts: shots.map((shot) => shot.prompt), provider, durationSeconds, width, height, costUsd };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
