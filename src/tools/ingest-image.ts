import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { Description, Source } from '../library/ingest.ts';
import type { Asset } from '../ports.ts';
import type { Studio } from '../studio.ts';
import { AssetOutput, assetLink, assetOutput, assetText, thumbnail } from './asset-output.ts';
import { CollectionName, TagsInput } from './common-input.ts';
import { defineTool, type ToolResult } from './define.ts';

/** A single preview is larger than the thumbnails of a list. */
const PREVIEW_MAX_SIDE = 512;

const output = z.strictObject({ asset: AssetOutput, alreadyThere: z.boolean(), advice: z.string() });

export const ingestImage = defineTool({
  name: 'ingest_image',
  title: 'Ingest image',
  description:
    'Adds a picture (or video clip) from a local file or https URL to a collection, so that it can be searched and can ground videos from the next call on; or, with imageId, edits caption, tags and status. Returns the asset with what the vision model sees in it.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: z.strictObject({
    path: z.string().optional().describe('Absolute path of one file (JPEG, PNG, WebP, AVIF, TIFF, GIF, SVG, MP4, WebM, MOV)'),
    url: z.string().optional().describe('https URL of one file'),
    imageId: z.string().optional().describe('Existing asset to edit'),
    collection: CollectionName.optional().describe('Default: default'),
    caption: z.string().max(1000).optional().describe('What the picture shows, in a sentence; empty clears it'),
    tags: TagsInput.optional(),
    licence: z.string().max(200).optional(),
    creator: z.string().max(200).optional(),
    status: z.enum(['pending', 'approved', 'rejected']).optional().describe('Only approved pictures are retrieved for videos; default approved'),
  }),
  output,
  async handler({ path, url, imageId, collection, ...description }, { studio, signal }) {
    const given = [path, url, imageId].filter((value) => value !== undefined);
    if (given.length !== 1) {
      throw new AppError('INVALID_INPUT', `Give exactly one of path, url and imageId (got ${given.length}).`, {
        hint: 'path for a local file, url for a file on the web, imageId to edit an asset.',
      });
    }
    if (path !== undefined && !studio.localPaths) {
      throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Use url, or start the server over stdio.' });
    }
    if (imageId !== undefined) return edit(studio, imageId, collection, description);
    const source: Source = path === undefined ? { url: url ?? '' } : { path };
    const { asset, alreadyThere } = await studio.assets.ingest(studio.ports, source, collection ?? 'default', description, {
      maxBytes: studio.maxFileBytes,
      signal,
    });
    return answer(
      studio,
      asset,
      alreadyThere,
      alreadyThere ? 'These bytes were already in the collection: this is that asset.' : 'Added; it can be used at once.',
    );
  },
});

async function edit(studio: Studio, imageId: string, collection: string | undefined, description: Description) {
  if (collection !== undefined) {
    throw new AppError('INVALID_INPUT', 'An asset cannot be moved to another collection.', {
      hint: 'Leave collection out to edit it, or ingest its file into the other collection.',
    });
  }
  const before = await studio.assets.requireAsset(studio.ports, imageId);
  const asset = await studio.assets.editAsset(studio.ports, before.id, description);
  return answer(studio, asset, true, asset.updatedAt === before.updatedAt ? 'Nothing was changed.' : 'Updated.');
}

async function answer(studio: Studio, asset: Asset, alreadyThere: boolean, what: string): Promise<ToolResult<z.input<typeof output>>> {
  const data = await assetOutput(studio, asset);
  const ask = `${what} It has no caption: look at the preview and call ingest_image {imageId: "${asset.id}", caption: "..."}, so that words find it too.`;
  const advice = asset.caption === undefined ? ask : what;
  const preview = await thumbnail(studio, asset, PREVIEW_MAX_SIDE);
  return { data: { asset: data, alreadyThere, advice }, text: `${advice}\n${assetText(data)}`, images: preview ? [preview] : [], links: [assetLink(asset)] };
}
