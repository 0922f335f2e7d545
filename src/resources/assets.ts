import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import type { AssetKind, FileBytes } from '../ports.ts';
import type { OpenStudio, Studio } from '../studio.ts';
import { assetOutput, thumbnail } from '../tools/asset-output.ts';
import { jsonContent, reading } from './read.ts';

/** Largest file that a read carries: with base64 (4/3) and the JSON it stays under the 1 MB that clients accept. */
const MAX_BLOB_BYTES = 700_000;
/** What the bytes of a read are. */
const SERVED = {
  image: 'A copy encoded anew at full size: upright, sRGB without a colour profile, none of the metadata of the file. The original is kept byte for byte.',
  video: 'The video as it was made here.',
};
const LISTED = 50;
const COMPLETIONS = 100;

export function registerAssets(server: McpServer, open: OpenStudio): void {
  register(server, open, 'image', 'An image with its description, provenance and, up to 700 kB, a copy without metadata');
  register(server, open, 'video', 'A video with its description, provenance and, up to 700 kB and made here, its bytes');
}

function register(server: McpServer, open: OpenStudio, kind: AssetKind, description: string): void {
  const template = new ResourceTemplate(`vrag://${kind}s/{id}`, {
    list: async () => {
      const { ports, assets } = await open();
      const page = await ports.catalog.list(undefined, { kind }, { limit: LISTED });
      return {
        resources: page.assets.map((asset) => ({
          uri: `vrag://${kind}s/${asset.id}`,
          name: asset.id,
          title: asset.caption ?? asset.name,
          mimeType: assets.servedType(asset),
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
  const { ports, film, assets } = studio;
  const asset = await assets.requireAsset(ports, id, kind);
  const data = await assetOutput(studio, asset);
  const about = {
    ...data,
    byteLength: asset.byteLength,
    sha256: asset.sha256,
    manifest: await film.readManifest(ports, id),
    dependents: await film.dependents(ports, id),
  };
  const copy = asset.byteLength > MAX_BLOB_BYTES ? undefined : await assets.servedCopy(ports, asset);
  const blob = (file: FileBytes | undefined) => (file ? [{ uri: uri.href, mimeType: file.mediaType, blob: Buffer.from(file.bytes).toString('base64') }] : []);
  if (copy && copy.bytes.length <= MAX_BLOB_BYTES) return { contents: [jsonContent(uri, { ...about, served: SERVED[kind] }), ...blob(copy)] };
  const why =
    kind === 'video' && asset.manifestId === undefined
      ? 'A video that was not made here is not sent, because its metadata may say where it was taken'
      : `The picture or video is larger than the ${MAX_BLOB_BYTES} bytes that a read carries`;
  const note = `${why}: ${data.path ? `open ${data.path}` : 'it is not sent'}. A preview follows.`;
  return { contents: [jsonContent(uri, { ...about, note }), ...blob(await thumbnail(studio, asset, 512))] };
}
