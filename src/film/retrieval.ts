import { AppError } from '../errors.ts';
import { type Hit, type SearchResult, search } from '../library/search.ts';
import { cleanText } from '../library/text.ts';
import type { AssetKind, AssetStatus, Ports } from '../ports.ts';

/** A candidate that retrieval looked at, with its own scores. */
export interface Candidate {
  id: string;
  name: string;
  scores: Hit['scores'];
}

/** What a query found to ground a shot. */
export interface Retrieved {
  best: Hit;
  /** The hits that were looked at, best first. */
  candidates: Candidate[];
}

/** Hits that a retrieval shows as candidates. */
const CANDIDATES_SHOWN = 3;

/**
 * The best approved picture of a query where it is clear that it shows what was asked for; without one the best such video that was not generated here. NOT_FOUND, showing
 * what was closest, where there is neither: no silent wrong picture. `where` names what the reference is for, e.g. `shot 1`.
 */
export async function retrieve(ports: Ports, collection: string, query: string, where: string): Promise<Retrieved> {
  const pictures = await find(ports, { collection, query, kind: 'image', status: 'approved' });
  // The first hit only: one further down that passes is mostly a poorer picture of half of the query ("red bag": a red glove).
  if (pictures.hits[0]?.grounds) return retrieved(pictures.hits);
  const videos = await find(ports, { collection, query, kind: 'video', status: 'approved' });
  if (videos.hits[0]?.grounds && videos.hits[0].asset.manifestId === undefined) return retrieved(videos.hits);
  throw await refusal(ports, { query, collection, where }, pictures.hits);
}

function retrieved(hits: Hit[]): Retrieved {
  return { best: hits[0], candidates: hits.map(({ asset, scores }) => ({ id: asset.id, name: asset.caption ?? asset.name, scores })) };
}

function find(ports: Ports, about: { collection: string; query: string; kind: AssetKind; status: AssetStatus }): Promise<SearchResult> {
  const { collection, query, kind, status } = about;
  // What was generated here is not vetted: its caption is a prompt, and it may have been made of a picture that was rejected since.
  const made = kind === 'video' ? { tagsNone: ['generated'] } : {};
  return search(ports, { collection, query, filter: { kind, status: [status], ...made }, limit: CANDIDATES_SHOWN, maxBytes: 0 });
}

async function refusal(ports: Ports, about: { query: string; collection: string; where: string }, hits: Hit[]): Promise<AppError> {
  const { query, collection, where } = about;
  const pending = (await find(ports, { collection, query, kind: 'image', status: 'pending' })).hits.find(({ grounds }) => grounds);
  const closest = hits.map(({ asset, scores, coverage }) => {
    const values = Object.entries(scores).map(([name, value]) => `${name} ${value}`);
    const missing = coverage?.missing.length ? [`not found: ${coverage.missing.join(', ')}`] : [];
    return `${asset.id} "${cleanText(asset.caption ?? asset.name, 60)}" (${[...values, ...missing].join('; ')})`;
  });
  const hint = [
    pending ? `${pending.asset.id} shows it, but is pending: approve it with ingest_image {imageId: "${pending.asset.id}", status: "approved"}.` : '',
    closest.length > 0
      ? `Closest, but not clear enough to use unasked: ${closest.join('; ')}. Look at them, and give imageId to use one; or change query, or add a picture with ingest_image.`
      : 'Nothing approved in it comes close: change query, or add a picture with ingest_image.',
  ];
  return new AppError('NOT_FOUND', `No picture in collection "${collection}" clearly shows "${cleanText(query, 100)}" (${where}).`, {
    hint: hint.filter(Boolean).join(' '),
  });
}
