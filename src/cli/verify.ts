import { loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import { lazyStudio } from '../studio.ts';
import { readArguments } from './arguments.ts';
import { createProgress } from './progress.ts';
import { verifyFile } from './verify-file.ts';

const USAGE = `vrag-mcp verify FILE
vrag-mcp verify [--repair]

With a FILE (MP4, PNG or JPEG) prints its content credentials: who signed, what was done, what it was made of; and whether it is
trusted, untrusted (unchanged, but the signer is self-signed or unknown) or tampered with. Exit code: 0, 1 where it was tampered with,
2 where it has no credentials or cannot be read.

Without one checks the data folder: the database, the original and the preview of every asset (present, and with the right sha256), and objects
that nothing names any more, which an interruption can leave behind.

  --repair    deletes such objects where they are older than an hour, and in S3 old versions of records; nothing else is changed

Exit code: 0, 1 where something is damaged or missing.`;

/** Lines of each kind that are printed. */
const SHOWN = 50;

const options = { repair: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options, 'verify');
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (positionals.length > 1) throw new AppError('MISCONFIGURED', 'verify takes one FILE.', { hint: 'See vrag-mcp verify --help.' });
  if (positionals.length === 1) return verifyFile(positionals[0]);
  const studio = lazyStudio(loadConfig(process.env), { localPaths: true, background: false });
  try {
    const { assets, ports } = await studio.open();
    const progress = createProgress();
    const found = await assets.verify(ports, { repair: values.repair === true, onProgress: (done, total) => progress.show(done, total, 'assets') });
    progress.end();
    list('Damage in the database', found.damage);
    list(
      'Assets that are not whole',
      found.broken.map(({ assetId, name, what, problem }) => `${assetId} "${cleanText(name, 120)}": ${what} ${problem}`),
    );
    const size = found.orphans.reduce((sum, { byteLength }) => sum + byteLength, 0);
    list(
      `Objects that nothing names (${(size / 1e6).toFixed(1)} MB${found.deleted > 0 ? `; ${found.deleted} deleted` : ''})`,
      found.orphans.map(({ key }) => key),
    );
    if (found.compacted > 0) process.stdout.write(`Old versions of records: ${found.compacted} cleared away\n`);
    const wrong = found.damage.length + found.broken.length;
    process.stdout.write(
      `${found.assets} assets, ${found.objects} objects: ${wrong === 0 ? 'all whole' : `${wrong} problems`}; ${found.orphans.length} orphans.\n`,
    );
    return wrong > 0 ? 1 : 0;
  } finally {
    await studio.close();
  }
}

function list(title: string, lines: string[]): void {
  if (lines.length === 0) return;
  process.stdout.write(`${title}: ${lines.length}\n`);
  for (const line of lines.slice(0, SHOWN)) process.stdout.write(`  ${line}\n`);
  if (lines.length > SHOWN) process.stdout.write(`  and ${lines.length - SHOWN} more\n`);
}
