import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const CLI = path.join(import.meta.dirname, '../dist/cli.js');
const PROTOCOL = '2026-07-28';
const CALL_MS = 120_000;

/** A copy of the built HTTP server on a free port, and a client of it. `folder` may be read from. */
export async function startServer(environment, folder, { nodeArgs = [] } = {}) {
  const args = [...nodeArgs, CLI, '--http', '--port', '0', '--local-files', folder];
  const child = spawn(process.execPath, args, { env: { ...process.env, ...environment, VRAG_DEFAULT_DIRS: 'off' }, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface({ input: child.stderr });
  const exited = once(child, 'exit');
  const said = [];
  const waiting = [];
  lines.on('line', (line) => {
    said.push(line);
    if (said.length > 50) said.shift();
    for (const each of [...waiting]) if (each.test(line)) each.found(line);
  });
  const lineThat = (test) =>
    new Promise((resolve, reject) => {
      const each = {
        test,
        found(line) {
          waiting.splice(waiting.indexOf(each), 1);
          resolve(line);
        },
      };
      waiting.push(each);
      exited.then(([code]) => reject(new Error(`the server ended with ${code}: ${said.join('\n')}`)));
    });
  const listening = await lineThat((line) => /http:\/\/127\.0\.0\.1:\d+\/mcp/.test(line));
  const client = new Client({ name: 'bench', version: '1' }, { versionNegotiation: { mode: { pin: PROTOCOL } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(/http:\S+/.exec(listening)[0])));
  return {
    pid: child.pid,
    lineThat,
    said,
    async call(name, args = {}) {
      const result = await client.callTool({ name, arguments: args }, { timeout: CALL_MS });
      if (result.isError) throw new Error(`${name}: ${result.content[0].text}`);
      return result.structuredContent;
    },
    async stop(signal = 'SIGTERM') {
      await client.close().catch(() => undefined);
      child.kill(signal);
      await exited;
    },
  };
}

/** Resident memory of a process and all that it started, in MB (Linux: /proc). */
export async function residentMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  let own = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  for (const task of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const children = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '');
    for (const child of children.split(' ').filter(Boolean)) own += await residentMb(child);
  }
  return own;
}
