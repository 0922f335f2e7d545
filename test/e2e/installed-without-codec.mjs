// An installation of the packed package whose codec is missing: node test/e2e/installed-without-codec.mjs FOLDER, where FOLDER holds
// node_modules/vrag-mcp. Drives its bin as a client; ends with 1 where something else than decoding and encoding video fails.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import sharp from 'sharp';

const modules = path.resolve(process.argv[2], 'node_modules');
for (const name of ['node-av', '@seydx']) assert(!existsSync(path.join(modules, name)), `${name} is installed in ${modules}`);

const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-installed-'));
const empty = path.join(scratch, 'empty');
mkdirSync(empty);
const picture = path.join(scratch, 'sea.png');
await sharp({ create: { width: 640, height: 360, channels: 3, background: 'teal' } }).toFile(picture);

const client = new Client({ name: 'installed-without-codec', version: '1.0.0' });
await client.connect(
  new StdioClientTransport({
    command: process.execPath,
    args: [path.join(modules, 'vrag-mcp/dist/cli.js'), scratch],
    env: { PATH: empty, HOME: scratch, VRAG_HOME: path.join(scratch, 'data') },
  }),
);
const call = async (name, args) => client.callTool({ name, arguments: args }, { timeout: 60_000 });
const good = async (name, args) => {
  const result = await call(name, args);
  assert(!result.isError, `${name}: ${result.content[0].text}`);
  console.log(`✓ ${name}`);
  return result.structuredContent;
};

try {
  const { asset } = await good('ingest_image', { path: picture, caption: 'the sea' });
  assert.equal((await good('search_images', { query: 'sea' })).hits[0].id, asset.id);
  await good('inpaint_image', { imageId: asset.id, boxes: [{ x: 300, y: 150, width: 40, height: 40 }] });
  const refused = await call('generate_video', { prompt: 'zoom in', imageId: asset.id, durationSeconds: 1 });
  assert(refused.isError);
  assert.match(refused.content[0].text, /^UNSUPPORTED: no video codec/i);
  assert.match(refused.content[0].text, /npm install node-av/);
  console.log(`✓ generate_video says what is missing:\n${refused.content[0].text}`);
} finally {
  await client.close();
  rmSync(scratch, { recursive: true, force: true, maxRetries: 10 });
}
