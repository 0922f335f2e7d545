#!/usr/bin/env node
import { AppError } from './errors.ts';

/** Each is loaded when it is called: a server must not pay for the others. */
const COMMANDS: Record<string, () => Promise<{ run(args: string[]): Promise<number | undefined> }>> = {
  serve: () => import('./cli/serve.ts'),
  ingest: () => import('./cli/ingest.ts'),
  reindex: () => import('./cli/reindex.ts'),
  calibrate: () => import('./cli/calibrate.ts'),
  verify: () => import('./cli/verify.ts'),
  doctor: () => import('./cli/doctor.ts'),
};

/** What a command has written must have gone out by then. */
const LAST_MS = 1000;

async function main([first = '', ...rest]: string[]): Promise<void> {
  const named = Object.hasOwn(COMMANDS, first);
  const { run } = await COMMANDS[named ? first : 'serve']();
  const code = await run(named ? rest : process.argv.slice(2));
  // A server lives on; a command ends once what it wrote is out, whatever else still holds the process a moment later.
  if (code === undefined) return;
  process.exitCode = code;
  setTimeout(() => process.exit(), LAST_MS).unref();
}

main(process.argv.slice(2)).catch((error) => {
  console.error('vrag-mcp:', error instanceof AppError ? `${error.message}${error.hint ? `\n${error.hint}` : ''}` : error);
  process.exit(1);
});
