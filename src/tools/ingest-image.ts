import * as z from 'zod';
import { AppError } from '../errors.ts';
import { requireAsset } from '../library/assets.ts';
import { editAsset, ingest, type Source } from '../library/ingest.ts';
import { AssetOutput, assetLink, assetOutput, assetText, thumbnail } from './asset-output.ts';
import { CollectionInput, TagsInput } from './common-input.ts';
import { defineTool } from './define.ts';

/** A single preview is larger than the thumbnails of a list. */
const PREVIEW_MAX_SIDE = 512;

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
    collection: CollectionInput,
    caption: z.string().max(1000).optional().describe('What the picture shows, in a sentence'),
    tags: TagsInput.optional(),
    licence: z.string().max(200).optional(),
    creator: z.string().max(200).optional(),
    status: z.enum(['pending', 'approved', 'rejected']).optional().describe('Only approved pictures are retrieved for videos; default approved'),
  }),
  output: z.strictObject({ asset: AssetOutput, alreadyThere: z.boolean(), advice: z.string() }),
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
    const { asset, alreadyThere } =
      imageId === undefined
        ? await ingest(studio.ports, (path === undefined ? { url } : { path }) as Source, collection, description, { maxBytes: studio.maxFileBytes, signal })
        : { asset: await editAsset(studio.ports, (await requireAsset(studio.ports, imageId)).id, description), alreadyThere: true };
    const data = await assetOutput(studio, asset);
    const advice = adviceFor(imageId !== undefined, alreadyThere, asset.caption !== undefined, asset.id);
    const preview = await thumbnail(studio, asset, PREVIEW_MAX_SIDE);
    return { data: { asset: data, alreadyThere, advice }, text: `${advice}\n${assetText(data)}`, images: preview ? [preview] : [], links: [assetLink(asset)] };
  },
});

function adviceFor(edited: boolean, alreadyThere: boolean, captioned: boolean, id: string): string {
  const what = edited ? 'Updated.' : alreadyThere ? 'These bytes were already in the collection: this is that asset.' : 'Added; it can be used at once.';
  return captioned
    ? what
    : `${what} It has no caption: look at the preview and call ingest_image {imageId: "${id}", caption: "..."}, so that words find it too.`;
}
