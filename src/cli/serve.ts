import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { expandPath, loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { createJobUpdates } from '../job-updates.ts';
import { createServer } from '../server.ts';
import { type LazyStudio, lazyStudio } from '../studio.ts';
import { forwardUpdates } from '../subscriptions.ts';
import { version } from '../version.ts';
import { readArguments } from './arguments.ts';

const USAGE = `vrag-mcp ${version}: MCP server for video grounded in your own images.

  vrag-mcp [serve] [FOLDER ...]                 serve over stdio; pictures may be read from the folders
  vrag-mcp --http [--port 3111] [FOLDER ...]    serve over HTTP on 127.0.0.1 at /mcp
      --local-files    with --http: accept and return paths of this machine
  vrag-mcp ingest PATH ...                      add folders, files or patterns to a collection
  vrag-mcp reindex COLLECTION --embedder NAME   embed a collection anew
  vrag-mcp calibrate LIST                       choose cut points of the quality checks from your own clips
  vrag-mcp verify [--repair]                    check the data folder
  vrag-mcp verify FILE                          check the content credentials of a file
  vrag-mcp doctor                               check what these settings need
  vrag-mcp [COMMAND] --help | --version

Settings are environment variables; the README lists them.`;

/** A server that was only probed is gone by then; one that lives on carries unfinished jobs forward. */
const RESUME_AFTER_MS = 3000;

const options = {
  http: { type: 'boolean' },
  port: { type: 'string', default: '3111' },
  'local-files': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** Serves until its client goes or a signal comes. */
export async function run(args: string[]): Promise<number | undefined> {
  // Compiling a schema takes longer than checking the few small messages of a session without.
  z.config({ jitless: true });
  const { values, positionals } = readArguments(args, options);
  if (values.help || values.version) {
    process.stdout.write(`${values.help ? USAGE : version}\n`);
    return 0;
  }
  for (const folder of positionals) checkFolder(folder);
  const config = loadConfig(process.env, positionals);
  const studio = lazyStudio(config, { localPaths: !values.http || values['local-files'] === true });
  const shared = config.profile === 'aws' && values.http;
  if (shared || (config.profile === 'local' && existsSync(path.join(config.homeDir, 'vrag.sqlite')))) {
    setTimeout(() => void studio.open().catch((error) => console.error('vrag-mcp:', error)), RESUME_AFTER_MS).unref();
  }
  const { close } = values.http ? await serveHttp(studio, Number(values.port)) : await serveStdio(studio);
  const stop = async (): Promise<never> => {
    await Promise.race([close().then(() => studio.close()), new Promise((resolve) => setTimeout(resolve, 2000))]);
    process.exit(0);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  if (!values.http) process.stdin.once('end', stop);
  return undefined;
}

async function serveStdio(studio: LazyStudio) {
  const stdio = await import('@modelcontextprotocol/server/stdio');
  const updates = createJobUpdates(studio.opened);
  const factory = ({ era }: { era: string }) => {
    const server = createServer(studio.open, updates);
    if (era === 'modern') forwardUpdates(server, updates);
    return server;
  };
  return stdio.serveStdio(factory, { onerror: (error) => console.error('vrag-mcp:', error.message) });
}

async function serveHttp(studio: LazyStudio, port: number) {
  const { listen } = await import('../http.ts');
  const updates = createJobUpdates(studio.opened);
  return listen(() => createServer(studio.open, updates), port, updates);
}

function checkFolder(folder: string): void {
  const full = expandPath(folder);
  if (!existsSync(full) || !statSync(full).isDirectory()) {
    throw new AppError('MISCONFIGURED', `"${folder}" is neither a folder nor a command.`, {
      hint: 'Arguments are a command, or folders that pictures may be read from; see --help.',
    });
  }
}
