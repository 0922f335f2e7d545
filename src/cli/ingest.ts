import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { expandPath, loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import { lazyStudio } from '../studio.ts';
import { CollectionName } from '../tools/common-input.ts';
import { readArguments } from './arguments.ts';
import { follow } from './follow.ts';

const USAGE = `vrag-mcp ingest PATH ... [options]

Adds pictures and videos to a collection. PATH is a folder (with all below it), a file, or a quoted pattern such as "photos/**/*.jpg".
Files that are there already are skipped. Ctrl-C leaves the job: the same command, or any server that may read the files, goes on with it.

  --collection NAME    default: default
  --tags a,b           tags for each
  --licence TEXT
  --creator TEXT
  --status STATUS      pending, approved or rejected

Exit code: 0, 1 where some file could not be added, 130 after Ctrl-C.`;

const options = {
  collection: { type: 'string', default: 'default' },
  tags: { type: 'string' },
  licence: { type: 'string' },
  creator: { type: 'string' },
  status: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const STATUSES = ['pending', 'approved', 'rejected'] as const;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options, 'ingest');
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (positionals.length === 0) throw new AppError('MISCONFIGURED', 'No PATH was given.', { hint: 'See vrag-mcp ingest --help.' });
  const paths = positionals.map(expandPath);
  const allowed = (await Promise.all(paths.map(foldersOf))).flat();
  const studio = lazyStudio(loadConfig(process.env, [...new Set(allowed)]), { localPaths: true, background: false });
  try {
    const opened = await studio.open();
    const description = { tags: values.tags?.split(',').filter(Boolean), licence: values.licence, creator: values.creator, status: statusOf(values.status) };
    const { jobId, existing } = await opened.assets.ingestFolder(opened.ports, { path: paths, collection: collectionOf(values.collection), description });
    console.error(existing ? `Going on with job ${jobId}.` : `Job ${jobId}.`);
    const { view, interrupted } = await follow(
      opened,
      jobId,
      ({ counts }) => `${counts.added} added, ${counts.alreadyThere} already there, ${counts.failed} failed`,
    );
    if (interrupted !== undefined) {
      console.error('Stopped. The same command goes on where it was; so does any server that may read the files.');
      return interrupted;
    }
    const { added, alreadyThere, failed, skipped } = view.counts;
    for (const { file, reason } of await opened.assets.listFailures(opened.ports, jobId))
      console.error(`failed: ${cleanText(file, 500)}: ${cleanText(reason, 500)}`);
    if (view.job.ended?.message) console.error(view.job.ended.message);
    process.stdout.write(`${added} added, ${alreadyThere} already there, ${failed} failed, ${skipped} no pictures or videos.\n`);
    return failed > 0 || view.state !== 'succeeded' ? 1 : 0;
  } finally {
    await studio.close();
  }
}

/** What the command line names may be read: the folder itself, the file's folder (of a link also its target's), or the fixed part of a pattern. */
async function foldersOf(given: string): Promise<string[]> {
  const found = await stat(given).catch(() => undefined);
  if (found?.isDirectory()) return [given];
  if (found) return [path.dirname(given), path.dirname(await realpath(given))];
  const parts = given.split(path.sep);
  const wild = parts.findIndex((part) => /[*?[{]/.test(part));
  return [wild === -1 ? path.dirname(given) : parts.slice(0, wild).join(path.sep) || path.sep];
}

function collectionOf(name: string): string {
  const checked = CollectionName.safeParse(name);
  if (!checked.success) throw new AppError('INVALID_INPUT', `--collection "${cleanText(name, 64)}": ${checked.error.issues[0].message}`);
  return name;
}

function statusOf(given: string | undefined): (typeof STATUSES)[number] | undefined {
  const status = STATUSES.find((each) => each === given);
  if (given !== undefined && !status) throw new AppError('INVALID_INPUT', `--status "${cleanText(given, 64)}" is none of ${STATUSES.join(', ')}.`);
  return status;
}
