/** Called often during long work; it may wait (for the event loop to see a cancel), and it throws to stop. */
export type Pause = () => Promise<void>;

/** Items handled between two pauses: some milliseconds of the heaviest loop. */
const CHUNK = 16384;

/** Runs `work` over [0, count) in pieces, with a pause after each. */
export async function inChunks(count: number, pause: Pause, work: (from: number, to: number) => void, chunk = CHUNK): Promise<void> {
  for (let from = 0; from < count; from += chunk) {
    work(from, Math.min(count, from + chunk));
    await pause();
  }
}
