import type { Studio } from './studio.ts';
import { isOver, requireJob } from './tools/job-list.ts';

/** How often jobs are looked at while somebody listens: they may change in any process of the data folder. */
const LOOK_MS = 1000;
const JOB_URI = 'vrag://jobs/';

/** Says which jobs have changed. */
export interface JobUpdates {
  /** Calls back with `vrag://jobs/{id}` when that job's state or progress (in percent) has changed; returns what ends it. Nothing is looked at while nobody listens. */
  subscribe(listener: (uri: string) => void): () => void;
}

/** `opened`: the studio, or `undefined` while no call has needed it; listening alone does not open it. */
export function createJobUpdates(opened: () => Promise<Studio> | undefined): JobUpdates {
  const listeners = new Set<(uri: string) => void>();
  /** State and progress of the jobs that were open at the last look; absent before the first. */
  let seen: Map<string, string> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const studio = await opened();
    if (!studio) return;
    const open = await openJobs(studio);
    const before = seen;
    seen = new Map();
    for (const id of new Set([...open, ...(before?.keys() ?? [])])) {
      const job = await requireJob(studio, id).catch(() => undefined);
      if (!job) continue;
      const { state, progress } = job.film ?? job.assets;
      const mark = `${state} ${Math.round(progress * 100)}`;
      if (before && before.get(id) !== mark) for (const listener of listeners) listener(`${JOB_URI}${id}`);
      if (!isOver(job)) seen.set(id, mark);
    }
  }

  function schedule(): void {
    timer = setTimeout(async () => {
      await look().catch((error) => console.error('job updates:', error));
      if (listeners.size > 0) schedule();
    }, LOOK_MS).unref();
  }

  return {
    subscribe(listener) {
      if (listeners.size === 0) schedule();
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearTimeout(timer);
        seen = undefined;
      };
    },
  };
}

async function openJobs({ ports, film, assets }: Studio): Promise<string[]> {
  const [films, libraries] = await Promise.all([film.openJobIds(ports), assets.openLibraryJobIds(ports)]);
  return [...films, ...libraries];
}
