// Time from spawn to the answer of tools/list, against a bare one-tool server of the same SDK, in pairs; and two servers at once on one data folder.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { median, StdioServer } from './stdio.mjs';

const OURS = path.join(import.meta.dirname, '../dist/cli.js');
const BARE = path.join(import.meta.dirname, 'bare-server.mjs');
const PAIRS = 15;
/** Discarded: they fill the file cache. */
const WARM_UP = 2;

export async function bench({ say }) {
  const home = await mkdtemp(path.join(tmpdir(), 'vrag-bench-'));
  const ours = [];
  const bare = [];
  let toolsListBytes = 0;
  for (let pair = 0; pair < PAIRS + WARM_UP; pair++) {
    const first = await start([BARE]);
    const second = await start([OURS], { VRAG_HOME: home });
    toolsListBytes = second.bytes;
    if (pair < WARM_UP) continue;
    bare.push(first.ms);
    ours.push(second.ms);
    say(`pair ${pair - WARM_UP + 1}: bare ${first.ms.toFixed(0)} ms, vrag-mcp ${second.ms.toFixed(0)} ms`);
  }
  const twoServersAnswer = await twoAtOnce(home);
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
  const ratios = ours.map((ms, index) => ms / bare[index]);
  return {
    bareMs: Math.round(median(bare)),
    oursMs: Math.round(median(ours)),
    startupRatio: Number(median(ratios).toFixed(3)),
    toolsListBytes,
    twoServersAnswer,
  };
}

async function start(args, env) {
  const server = new StdioServer(args, env);
  await server.initialize();
  const { bytes } = await server.request('tools/list');
  const ms = performance.now() - server.startedAt;
  await server.kill();
  return { ms, bytes };
}

/** Both open the fresh data folder at the same moment and must answer a call that needs it. */
async function twoAtOnce(home) {
  const servers = [1, 2].map(() => new StdioServer([OURS], { VRAG_HOME: path.join(home, 'shared') }));
  const answers = await Promise.allSettled(
    servers.map(async (server) => {
      await server.initialize();
      return server.call('search_images', {});
    }),
  );
  await Promise.all(servers.map((server) => server.kill()));
  return answers.every(({ status }) => status === 'fulfilled');
}
