/** Progress for people: a bar that redraws itself in a terminal, a line per quarter where the output is a file or a log. */

const out = process.stdout;
const colour = out.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const green = paint(32);
export const red = paint(31);

const WIDTH = 26;
const LABEL = 30;

export const heading = (text) => console.log(`\n${bold(text)}`);
export const line = (text) => console.log(`  ${text}`);
export const good = (text) => line(`${green('✓')} ${text}`);
export const bad = (text) => line(`${red('✗')} ${text}`);

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const shorten = (text, width) => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** Shows `label` with a bar until `done(summary)`; `update(fraction, note)` moves it. A fraction never runs backwards. */
export function progress(label) {
  const started = performance.now();
  let highest = 0;
  let quarter = 0;
  const show = (note) => {
    const filled = Math.round(highest * WIDTH);
    const bar = `${'━'.repeat(filled)}${dim('─'.repeat(WIDTH - filled))}`;
    const percent = `${Math.floor(highest * 100)}`.padStart(3);
    return `  ${label.padEnd(LABEL)} ${bar} ${percent} % ${note}`;
  };
  const draw = (note) => {
    if (out.isTTY) out.write(`\r${show(dim(shorten(note, Math.max(8, (out.columns ?? 100) - LABEL - WIDTH - 14))))}\u001b[K`);
    else if (Math.floor(highest * 4) > quarter) {
      quarter = Math.floor(highest * 4);
      if (quarter < 4) console.log(show(note));
    }
  };
  draw('');
  return {
    update(fraction, note = '') {
      highest = Math.max(highest, Math.min(1, fraction));
      draw(note);
    },
    done(summary = '') {
      highest = 1;
      const text = show(`${green(seconds(started))}${summary ? `  ${summary}` : ''}`);
      console.log(out.isTTY ? `\r${text}\u001b[K` : text);
    },
  };
}
