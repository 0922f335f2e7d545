import { loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import { lazyStudio } from '../studio.ts';
import { readArguments } from './arguments.ts';
import { follow } from './follow.ts';

const USAGE = `vrag-mcp reindex COLLECTION --embedder NAME

Embeds all assets of a collection with another embedder while it is searched as before, then searches it with the new one.
NAME is vision, descriptor, a model id of the hub, or a folder with a model. Ctrl-C leaves the job: the same command, or any server
that has the model, goes on with it.

Exit code: 0, 1 where it failed or some asset could not be embedded, 130 after Ctrl-C.`;

const options = { embedder: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options, 'reindex');
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const [collection] = positionals;
  if (positionals.length !== 1 || !values.embedder) {
    throw new AppError('MISCONFIGURED', 'Give one collection and --embedder.', { hint: 'See vrag-mcp reindex --help.' });
  }
  const studio = lazyStudio(loadConfig(process.env), { localPaths: true, background: false });
  try {
    const opened = await studio.open();
    const { jobId, existing } = await opened.assets.reindex(opened.ports, { collection, embedder: values.embedder });
    console.error(existing ? `Going on with job ${jobId}.` : `Job ${jobId}.`);
    const { view, interrupted } = await follow(opened, jobId, ({ counts }) => `embedded, ${counts.failed} failed`);
    if (interrupted !== undefined) {
      console.error('Stopped. The same command goes on where it was; so does any server that has the model.');
      return interrupted;
    }
    const failures = await opened.assets.listFailures(opened.ports, jobId);
    for (const { file, reason } of failures) console.error(`failed: ${file}: ${cleanText(reason, 500)}`);
    process.stdout.write(`Job ${view.state}.${view.job.ended?.message ? ` ${view.job.ended.message}` : ''}\n`);
    return failures.length > 0 || view.state !== 'succeeded' ? 1 : 0;
  } finally {
    await studio.close();
  }
}
