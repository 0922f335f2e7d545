/** Shows how far something is; on stderr, since stdout is for results. */
export interface Progress {
  show(done: number, total: number, note: string): void;
  /** Leaves the last state standing. */
  end(): void;
}

/** A log gets a line this often; a terminal has one line that is written anew. */
const LINE_EVERY_MS = 5000;
const REDRAW_MS = 100;
const BAR = 24;

/** Progress on a stream: a bar where it is a terminal, else a line every few seconds. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const startedAt = Date.now();
  let startedWith: number | undefined;
  let shownAt = 0;
  let last = '';

  function draw(text: string): void {
    if (!stream.isTTY) stream.write(`${text}\n`);
    // Erase to the end of the line: ECMA-48, EL.
    else stream.write(`\r${text.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
    shownAt = Date.now();
  }

  return {
    show(done, total, note) {
      if (total === 0) return;
      startedWith ??= done;
      last = lineOf(done, total, note, (done - startedWith) / Math.max(1, (Date.now() - startedAt) / 1000), stream.isTTY);
      if (Date.now() - shownAt >= (stream.isTTY ? REDRAW_MS : LINE_EVERY_MS)) draw(last);
    },
    end() {
      if (last) draw(last);
      if (last && stream.isTTY) stream.write('\n');
    },
  };
}

function lineOf(done: number, total: number, note: string, perSecond: number, bar: boolean): string {
  const share = total === 0 ? 0 : Math.min(1, done / total);
  const filled = Math.round(share * BAR);
  const left = perSecond > 0 && done < total ? `, ${duration((total - done) / perSecond)} left` : '';
  const rate = perSecond > 0 ? `, ${perSecond.toFixed(1)}/s${left}` : '';
  return `${bar ? `[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}] ` : ''}${done}/${total}${note ? ` ${note}` : ''}${rate}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
