import { AppError } from '../errors.ts';
import type { JobView } from '../film/jobs.ts';
import type { LibraryJobView } from '../library/jobs.ts';
import type { Studio } from '../studio.ts';
import { type JobData, jobOutput, libraryJobOutput, pathsOf } from './job-output.ts';

/** A job of either domain. */
export type AnyJob = { film: JobView; assets?: never } | { assets: LibraryJobView; film?: never };

/** The job of an id; NOT_FOUND, naming recent ones, where there is none. */
export async function requireJob(studio: Studio, id: string): Promise<AnyJob> {
  const assets = await studio.assets.readLibraryJobView(studio.ports, id);
  return assets ? { assets } : { film: await studio.film.requireJobView(studio.ports, id) };
}

export function jobData(studio: Studio, { film, assets }: AnyJob): JobData {
  return film ? jobOutput(studio, film) : libraryJobOutput(studio, assets);
}

/** As `jobData`, with links to the files of its video where they do not lie on this machine: then for every client. */
export async function linkedJobData(studio: Studio, job: AnyJob): Promise<JobData> {
  const data = jobData(studio, job);
  const files = job.film?.job.video;
  if (data.type !== 'video' || !data.video || !files) return data;
  const linked = await Promise.all(Object.entries(pathsOf(files)).map(async ([field, place]) => [field, await studio.ports.objects.link(place)]));
  return { ...data, video: { ...data.video, ...Object.fromEntries(linked.filter(([, link]) => link !== undefined)) } };
}

/** True once nothing more will happen by itself. */
export function isOver({ film, assets }: AnyJob): boolean {
  return film ? film.job.ended !== undefined || film.state === 'unknown' : assets.job.ended !== undefined;
}

/** Where each of the two lists goes on; null: it is at its end. */
type Position = [film: string | null, assets: string | null];

const START = '';

export interface JobPage {
  limit: number;
  cursor?: string | undefined;
  /** Only jobs in this state, or of this collection. */
  state?: string | undefined;
  collection?: string | undefined;
}

/** Jobs of both domains, newest first. INVALID_INPUT for a foreign cursor. */
export async function listJobs(studio: Studio, { limit, cursor, state, collection }: JobPage): Promise<{ jobs: AnyJob[]; cursor?: string }> {
  const { ports, film, assets } = studio;
  const [filmFrom, libraryFrom] = cursor === undefined ? ([START, START] as Position) : positionOf(cursor);
  const matches = (view: { state: string }, of: string) => (state === undefined || view.state === state) && (collection === undefined || of === collection);
  const filtered = state !== undefined || collection !== undefined;
  const listed = <V extends { state: string }>(list: List<V>, collectionOf: (view: V) => string): List<V> =>
    filtered ? (page) => listMatching(list, (view) => matches(view, collectionOf(view)), page) : list;
  const filmList = listed<JobView>(
    (page) => film.listJobs(ports, page),
    (view) => view.job.storyboard.collection,
  );
  const libraryList = listed<LibraryJobView>(
    (page) => assets.listLibraryJobs(ports, page),
    (view) => view.job.work.collection,
  );
  const page = (from: string, size: number) => ({ limit: size, ...(from === START ? {} : { cursor: from }) });
  const films = filmFrom === null ? { views: [] } : await filmList(page(filmFrom, limit));
  const libraries = libraryFrom === null ? { views: [] } : await libraryList(page(libraryFrom, limit));
  const all: AnyJob[] = [...films.views.map((view) => ({ film: view })), ...libraries.views.map((view) => ({ assets: view }))];
  const jobs = all.sort((a, b) => (createdAt(a) < createdAt(b) ? 1 : createdAt(a) > createdAt(b) ? -1 : 0)).slice(0, limit);
  const shown = jobs.filter((job) => job.film).length;
  // Each list goes on after the last of its jobs that is on this page.
  const after = async (from: string | null, { views, cursor: end }: Listed, used: number, list: (size: number) => Promise<Listed>): Promise<string | null> => {
    if (from === null || used === 0) return from;
    return (used === views.length ? end : (await list(used)).cursor) ?? null;
  };
  const next: Position = [
    await after(filmFrom, films, shown, (size) => filmList(page(filmFrom ?? START, size))),
    await after(libraryFrom, libraries, jobs.length - shown, (size) => libraryList(page(libraryFrom ?? START, size))),
  ];
  const more = all.length > jobs.length || films.cursor !== undefined || libraries.cursor !== undefined;
  return { jobs, ...(more ? { cursor: Buffer.from(JSON.stringify(next)).toString('base64url') } : {}) };
}

type List<V> = (page: { limit: number; cursor?: string }) => Promise<Listed<V>>;

/** Views that are looked at in one read. */
const SCANNED = 50;

/** The first `limit` views that match. A state is derived and not stored, so all views before them are looked at. */
async function listMatching<V>(list: List<V>, matches: (view: V) => boolean, { limit, cursor }: { limit: number; cursor?: string }): Promise<Listed<V>> {
  const found: V[] = [];
  for (let from = cursor; ; ) {
    const page = (size: number) => ({ limit: size, ...(from === undefined ? {} : { cursor: from }) });
    const { views, cursor: end } = await list(page(SCANNED));
    for (const [index, view] of views.entries()) {
      if (!matches(view)) continue;
      found.push(view);
      // Goes on right after the last one: a cursor is given at the end of a page.
      if (found.length === limit) return { views: found, ...pick(index + 1 === views.length ? end : (await list(page(index + 1))).cursor) };
    }
    if (end === undefined) return { views: found };
    from = end;
  }
}

const pick = (cursor: string | undefined): { cursor?: string } => (cursor === undefined ? {} : { cursor });

interface Listed<V = unknown> {
  views: V[];
  cursor?: string;
}

const createdAt = (job: AnyJob): string => (job.film ?? job.assets).createdAt;

function positionOf(cursor: string): Position {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(position) && position.length === 2 && position.every((part) => part === null || typeof part === 'string')) return position as Position;
  } catch {
    // Falls through to the one error.
  }
  throw new AppError('INVALID_INPUT', 'The cursor is not from an earlier page.', { hint: 'Leave cursor out to start from the newest job.' });
}
