import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { Description, Ingested, Source } from '../library/ingest.ts';
import type { Asset } from '../ports.ts';
import type { Studio } from '../studio.ts';
import { AssetOutput, assetLink, assetOutput, assetText, thumbnail } from './asset-output.ts';
import { CollectionName, TagsInput } from './common-input.ts';
import { defineTool, type ToolResult } from './define.ts';

/** A single preview is larger than the thumbnails of a list. */
const PREVIEW_MAX_SIDE = 512;

/** Loose, like the asset: `alreadyThere` and `nearDuplicates` (id, name, distance in bits of 64) need no words in the tool list. */
const output = z.looseObject({
  asset: AssetOutput.optional(),
  jobId: z.string().optional().describe('Of a folder or pattern'),
  advice: z.string(),
});

export const ingestImage = defineTool({
  name: 'ingest_image',
  title: 'Ingest image',
  description:
    'Adds a picture or video clip to a collection, so that it can be searched and can ground videos from the next call on; of a folder or glob pattern all, as a job. With imageId it edits what is said about an asset. Returns the asset, what the vision model sees in it, and near duplicates.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: z.strictObject({
    path: z
      .string()
      .optional()
      .describe('Absolute path of a file (JPEG, PNG, WebP, AVIF, TIFF, GIF, SVG, MP4, WebM, MOV), a folder, or a pattern such as ~/Pictures/**/*.jpg'),
    url: z.string().optional().describe('https URL of one file'),
    base64: z.string().optional().describe('A file of at most 2 MB; may be a data: URL'),
    imageId: z.string().optional().describe('Existing asset to edit'),
    collection: CollectionName.optional().describe('Default: default'),
    name: z.string().max(120).optional(),
    caption: z.string().max(1000).optional().describe('What the picture shows, in a sentence; empty clears it'),
    tags: TagsInput.optional(),
    attributes: z.record(z.string(), z.unknown()).optional().describe('Text, number, true or false by name, such as {"season": "summer"}; null removes one'),
    licence: z.string().max(200).optional(),
    creator: z.string().max(200).optional(),
    status: z
      .enum(['pending', 'approved', 'rejected'])
      .optional()
      .describe('Only approved ones ground videos; default: approved, or pending where the collection requires approval'),
  }),
  output,
  async handler({ path, url, base64, imageId, collection, ...description }, { studio, signal }) {
    const given = [path, url, base64, imageId].filter((value) => value !== undefined);
    if (given.length !== 1) {
      throw new AppError('INVALID_INPUT', `Give exactly one of path, url, base64 and imageId (got ${given.length}).`, {
        hint: 'path for a local file or folder, url for a file on the web, base64 for a small picture, imageId to edit an asset.',
      });
    }
    if (path !== undefined && !studio.localPaths) {
      throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Use url or base64, or start the server over stdio.' });
    }
    if (imageId !== undefined) return edit(studio, imageId, collection, description);
    const into = collection ?? 'default';
    if (path !== undefined && (await studio.ports.files.classify(path)) !== 'file') return ingestMany(studio, path, into, description);
    const source: Source = path !== undefined ? { path } : url !== undefined ? { url } : { base64: base64 ?? '' };
    const ingested = await studio.assets.ingest(studio.ports, source, into, description, { maxBytes: studio.maxFileBytes, signal });
    const what = ingested.alreadyThere ? 'These bytes were already in the collection: this is that asset.' : added(ingested.asset);
    return answer(studio, ingested, what);
  },
});

function added({ status }: Asset): string {
  return status === 'approved' ? 'Added; it can be used at once.' : `Added as ${status}: it is found, but grounds no video until its status is approved.`;
}

async function ingestMany(studio: Studio, path: string, collection: string, description: Description) {
  studio.assets.checkDescription(description);
  const { jobId, existing } = await studio.assets.ingestFolder(studio.ports, { path, collection, description });
  studio.libraryRunner.kick();
  const advice = `${existing ? 'The same files are being added already' : 'All pictures and videos are being added in the background'}: call get_job {jobId: "${jobId}"} for progress and the reason of each file that fails.`;
  return { data: { jobId, advice }, text: advice };
}

async function edit(studio: Studio, imageId: string, collection: string | undefined, description: Description) {
  if (collection !== undefined) {
    throw new AppError('INVALID_INPUT', 'An asset cannot be moved to another collection.', {
      hint: 'Leave collection out to edit it, or ingest its file into the other collection.',
    });
  }
  const before = await studio.assets.requireAsset(studio.ports, imageId);
  const asset = await studio.assets.editAsset(studio.ports, before.id, description);
  return answer(studio, { asset, alreadyThere: true, nearDuplicates: [] }, asset.updatedAt === before.updatedAt ? 'Nothing was changed.' : 'Updated.');
}

async function answer(studio: Studio, { asset, alreadyThere, nearDuplicates }: Ingested, what: string): Promise<ToolResult<z.input<typeof output>>> {
  const data = await assetOutput(studio, asset);
  const ask = `It has no caption: look at the preview and call ingest_image {imageId: "${asset.id}", caption: "..."}, so that words find it too.`;
  const alike = nearDuplicates.map(({ id, name, distance }) => `${id} "${name}" (${distance} of 64 bits differ)`).join(', ');
  const twins = `Looks nearly the same as ${alike}: the same picture in other bytes, or the same scene. Both stay; delete_image takes one away.`;
  const advice = [what, ...(alike ? [twins] : []), ...(asset.caption === undefined ? [ask] : [])].join(' ');
  const preview = await thumbnail(studio, asset, PREVIEW_MAX_SIDE);
  return {
    data: { asset: data, alreadyThere, ...(nearDuplicates.length > 0 ? { nearDuplicates } : {}), advice },
    text: `${advice}\n${assetText(data)}`,
    images: preview ? [preview] : [],
    links: [assetLink(studio, asset)],
  };
}
