import { setTimeout as sleep } from 'node:timers/promises';
import type { LibraryJobView } from '../library/jobs.ts';
import type { Studio } from '../studio.ts';
import { createProgress } from './progress.ts';

/** How often a job is looked at. */
const LOOK_MS = 200;

/** Exit code of a command that a signal ended: 128 + SIGINT (POSIX shells). */
const INTERRUPTED = 130;

/**
 * Carries a job on in this process and shows its progress, until it has ended or Ctrl-C. Returns the job as it stands; `interrupted` holds the
 * exit code after Ctrl-C. A second Ctrl-C ends the process at once: the job survives that too.
 */
export async function follow(studio: Studio, jobId: string, note: (view: LibraryJobView) => string): Promise<{ view: LibraryJobView; interrupted?: number }> {
  const stopping = new AbortController();
  const onSignal = () => {
    if (stopping.signal.aborted) process.exit(INTERRUPTED);
    stopping.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  const progress = createProgress();
  const read = async () => {
    const view = await studio.assets.readLibraryJobView(studio.ports, jobId);
    if (!view) throw new Error(`Job ${jobId} is gone.`);
    return view;
  };
  let over = false;
  const done = studio.libraryRunner.see(jobId, stopping.signal).finally(() => {
    over = true;
  });
  done.catch(() => undefined);
  while (!over) {
    const view = await read();
    progress.show(view.counts.done, view.counts.total, note(view));
    await Promise.race([sleep(LOOK_MS), done.catch(() => undefined)]);
  }
  const view = await read();
  progress.show(view.counts.done, view.counts.total, note(view));
  progress.end();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  await done;
  return { view, ...(view.job.ended ? {} : { interrupted: INTERRUPTED }) };
}
