import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { AssetKind } from '../ports.ts';
import type { OpenStudio, Studio } from '../studio.ts';
import { assetOutput, thumbnail } from '../tools/asset-output.ts';
import { jsonContent, reading } from './read.ts';

/** Largest file that a read carries: with base64 (4/3) and the JSON it stays under the 1 MB that clients accept. */
const MAX_BLOB_BYTES = 700_000;
const LISTED = 50;
const COMPLETIONS = 100;

export function registerAssets(server: McpServer, open: OpenStudio): void {
  register(server, open, 'image', 'An image with its description, provenance and, up to 700 kB, its bytes');
  register(server, open, 'video', 'A video with its description, provenance and, up to 700 kB, its bytes');
}

function register(server: McpServer, open: OpenStudio, kind: AssetKind, description: string): void {
  const template = new ResourceTemplate(`vrag://${kind}s/{id}`, {
    list: async () => {
      const { ports } = await open();
      const { assets } = await ports.catalog.list(undefined, { kind }, { limit: LISTED });
      return {
        resources: assets.map((asset) => ({
          uri: `vrag://${kind}s/${asset.id}`,
          name: asset.id,
          title: asset.caption ?? asset.name,
          mimeType: asset.mediaType,
          size: asset.byteLength,
        })),
      };
    },
    complete: {
      id: async (value) => {
        const { ports } = await open();
        const { assets } = await ports.catalog.list(undefined, { kind }, { limit: 1000 });
        return assets
          .map((asset) => asset.id)
          .filter((id) => id.startsWith(value))
          .slice(0, COMPLETIONS);
      },
    },
  });
  server.registerResource(`${kind}s`, template, { title: kind === 'image' ? 'Image' : 'Video', description }, (uri, { id }) =>
    reading(uri, async () => read(uri, await open(), String(id), kind)),
  );
}

async function read(uri: URL, studio: Studio, id: string, kind: AssetKind) {
  const { ports, film } = studio;
  const asset = await studio.assets.requireAsset(ports, id, kind);
  const data = await assetOutput(studio, asset);
  const about = {
    ...data,
    byteLength: asset.byteLength,
    sha256: asset.sha256,
    manifest: await film.readManifest(ports, id),
    dependents: await film.dependents(ports, id),
  };
  if (asset.byteLength > MAX_BLOB_BYTES) {
    const note = `The file has ${asset.byteLength} bytes, more than the ${MAX_BLOB_BYTES} that a read carries: ${data.path ? `open ${data.path}` : 'it is not sent'}. A preview follows.`;
    const preview = await thumbnail(studio, asset, 512);
    const blob = preview ? [{ uri: uri.href, mimeType: preview.mediaType, blob: Buffer.from(preview.bytes).toString('base64') }] : [];
    return { contents: [jsonContent(uri, { ...about, note }), ...blob] };
  }
  const bytes = await ports.objects.get(asset.objectKey);
  const blob = bytes ? [{ uri: uri.href, mimeType: asset.mediaType, blob: Buffer.from(bytes).toString('base64') }] : [];
  return { contents: [jsonContent(uri, about), ...blob] };
}
