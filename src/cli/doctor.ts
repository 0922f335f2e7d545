import { checksOf, type Finding, lookAt } from '../adapters/doctor/index.ts';
import { loadConfig } from '../config.ts';
import { readArguments } from './arguments.ts';

const USAGE = `vrag-mcp doctor

Checks what a server with these settings needs, and says what to do about what is wrong: Node.js, the data folder, pictures, the video codec,
the vision model, and each model and bucket on AWS that is configured. Nothing is billed.

Exit code: 0, 1 where something does not work.`;

const MARKS: Record<Finding['state'], string> = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' };

const options = { help: { type: 'boolean', short: 'h' } } as const;

export async function run(args: string[]): Promise<number> {
  const { values } = readArguments(args, options, 'doctor');
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  let problems = 0;
  for (const check of checksOf(loadConfig(process.env))) {
    const { state, text, fix } = await lookAt(check);
    if (state === 'problem') problems++;
    process.stdout.write(`${MARKS[state]} ${check.what}: ${text}\n${fix ? `        ${fix}\n` : ''}`);
  }
  process.stdout.write(problems === 0 ? 'Everything that is configured works.\n' : `${problems} ${problems === 1 ? 'thing does' : 'things do'} not work.\n`);
  return problems === 0 ? 0 : 1;
}
