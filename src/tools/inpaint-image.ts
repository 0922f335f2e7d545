import * as z from 'zod';
import { AppError } from '../errors.ts';
import { assetLink, assetOutput, assetText, round, thumbnail } from './asset-output.ts';
import { defineTool } from './define.ts';

const RectangleInput = z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });

export const inpaintImage = defineTool({
  name: 'inpaint_image',
  title: 'In-paint image',
  description:
    'Removes an object or blemish from a picture and fills the hole from its surroundings. Mark it by boxes, ellipses, polygons (pixels of the upright picture, origin top left) or a mask picture of the same size (white is changed). Returns a new asset; the original stays.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    imageId: z.string(),
    boxes: z.array(RectangleInput).max(50).optional(),
    ellipses: z.array(RectangleInput).max(50).optional().describe('Given by their bounding boxes'),
    polygons: z
      .array(z.array(z.array(z.number()).length(2)).min(3).max(500))
      .max(50)
      .optional()
      .describe('Lists of [x, y]'),
    maskPath: z.string().optional().describe('Local mask picture; white is changed'),
    invert: z.boolean().default(false).describe('Change everything but the marked part'),
    growPixels: z.int().min(0).max(200).default(4).describe('Widens the mask over soft edges and shadows'),
    featherPixels: z.int().min(0).max(100).default(2).describe('Blends the border'),
    mode: z.enum(['remove']).default('remove'),
    seed: z.int().min(0).max(2147483647).default(0),
    name: z.string().min(1).max(120).optional(),
  }),
  output: z.looseObject({ imageId: z.string(), changedShare: z.number().describe('Of all pixels, 0..1'), advice: z.string() }),
  async handler(args, { studio, signal, progress }) {
    const marked = (args.boxes?.length ?? 0) + (args.ellipses?.length ?? 0) + (args.polygons?.length ?? 0);
    if (marked === 0 && args.maskPath === undefined) {
      throw new AppError('INVALID_INPUT', 'Nothing is marked.', { hint: 'Give boxes, ellipses, polygons or maskPath.' });
    }
    if (args.maskPath !== undefined && !studio.localPaths)
      throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Mark the part by boxes, ellipses or polygons.' });
    const onProgress = (fraction: number) => void progress(fraction, 1, 'in-painting');
    const { source, asset, algorithm, changedShare, markedShare, seconds, credentials } = await studio.assets.inpaintAsset(
      studio.ports,
      { ...args, polygons: args.polygons?.map((points) => points.map(([x, y]) => ({ x, y }))) },
      { signal, onProgress },
    );
    const data = await assetOutput(studio, asset);
    const hint = maskHint(changedShare, markedShare);
    const next =
      asset.status === 'approved' ? 'the result goes straight into generate_video as imageId' : `the result is ${asset.status}: ingest_image approves it`;
    const advice = `Look at the preview; ${next}.${hint}`;
    const signed = credentials && studio.film.credentialsText(credentials);
    const summary = `${algorithm}: ${(changedShare * 100).toFixed(1)} % of ${source.id} filled in ${seconds.toFixed(1)} s. ${advice}${signed ? ` ${signed}` : ''}`;
    const previews = await Promise.all([thumbnail(studio, source, 384), thumbnail(studio, asset, 384)]);
    return {
      data: {
        imageId: asset.id,
        sourceId: source.id,
        uri: data.uri,
        ...(data.path ? { path: data.path } : {}),
        algorithm,
        changedShare: round(changedShare, 4),
        seconds: round(seconds, 1),
        ...(signed ? { credentials: signed } : {}),
        advice,
      },
      text: `${summary}\nPreviews: before, after.\n${assetText(data)}`,
      images: previews.filter((image) => image !== undefined),
      links: [assetLink(studio, asset)],
    };
  },
});

/** Masks that probably are not what was meant. */
function maskHint(changedShare: number, markedShare: number): string {
  if (changedShare > 2 * markedShare && changedShare > 0.2) {
    return ` Growing the mask took it from ${Math.round(markedShare * 100)} to ${Math.round(changedShare * 100)} % of the picture: it seems to consist of specks; try growPixels 0.`;
  }
  return changedShare > 0.5 ? ' More than half of the picture was masked: if that was not meant, try invert.' : '';
}
