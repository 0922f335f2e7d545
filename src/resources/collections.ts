import type { McpServer } from '@modelcontextprotocol/server';
import type { OpenStudio } from '../studio.ts';
import { jsonContent, reading } from './read.ts';

export function registerCollections(server: McpServer, open: OpenStudio): void {
  server.registerResource(
    'collections',
    'vrag://collections',
    { title: 'Collections', description: 'All collections with their counts and embedders', mimeType: 'application/json' },
    (uri) =>
      reading(uri, async () => {
        const { ports } = await open();
        return { contents: [jsonContent(uri, { collections: await ports.catalog.collections() })] };
      }),
  );
}
