import * as z from 'zod';
import type { Asset, FileBytes } from '../ports.ts';
import type { Studio } from '../studio.ts';
import type { ResourceLink } from './define.ts';

/** What a result says of an asset; kept small, since it is repeated for every hit. */
export const AssetOutput = z.strictObject({
  id: z.string(),
  collection: z.string(),
  kind: z.enum(['image', 'video']),
  name: z.string(),
  caption: z.string().optional(),
  tags: z.array(z.string()),
  status: z.enum(['pending', 'approved', 'rejected']),
  width: z.number(),
  height: z.number(),
  durationSeconds: z.number().optional(),
  mediaType: z.string(),
  seen: z.record(z.string(), z.number()).describe('Computed: what the vision model sees, with probabilities'),
  colours: z.array(z.string()),
  subject: z.array(z.number()).optional().describe('What stands out: x, y, width, height as fractions'),
  uri: z.string(),
  path: z.string().optional(),
  createdAt: z.string(),
});

export type AssetData = z.infer<typeof AssetOutput>;

/** JPEG quality of previews: a 192 px thumbnail of a busy photograph stays near 5 kB. */
const PREVIEW_QUALITY = 65;

/** Colours with at least this share of the picture are named. */
const NAMED_COLOUR_SHARE = 0.08;

/** An asset as results show it. */
export async function assetOutput(studio: Studio, asset: Asset): Promise<AssetData> {
  const seen = asset.seen ? await studio.ports.recogniser.describe(asset.seen) : [];
  const path = studio.localPaths ? await studio.ports.objects.localPath(asset.objectKey) : undefined;
  return {
    id: asset.id,
    collection: asset.collection,
    kind: asset.kind,
    name: asset.name,
    ...(asset.caption ? { caption: asset.caption } : {}),
    tags: asset.tags,
    status: asset.status,
    width: asset.width,
    height: asset.height,
    ...(asset.durationSeconds === undefined ? {} : { durationSeconds: round(asset.durationSeconds, 2) }),
    mediaType: asset.mediaType,
    seen: Object.fromEntries(seen.map(({ word, probability }) => [word, round(probability, 2)])),
    colours: (asset.seen?.colours ?? []).filter(([, share]) => share >= NAMED_COLOUR_SHARE).map(([name]) => name),
    ...(asset.subject ? { subject: [asset.subject.x, asset.subject.y, asset.subject.width, asset.subject.height].map((value) => round(value, 3)) } : {}),
    uri: assetUri(asset),
    ...(path ? { path } : {}),
    createdAt: asset.createdAt,
  };
}

/** One asset as lines of text: the same facts as `assetOutput`. */
export function assetText(asset: AssetData): string {
  const size = `${asset.width}x${asset.height}${asset.durationSeconds === undefined ? '' : `, ${asset.durationSeconds} s`}`;
  const seen = Object.entries(asset.seen)
    .map(([word, probability]) => `${word} ${probability.toFixed(2)}`)
    .join(', ');
  const lines = [
    `${asset.id} [${asset.kind}, ${size}, ${asset.status}] in "${asset.collection}": ${asset.caption ?? asset.name}`,
    `  name: ${asset.name}; tags: ${asset.tags.join(', ') || 'none'}; type: ${asset.mediaType}; added: ${asset.createdAt}`,
    `  seen (computed): ${seen || 'nothing certain'}; colours: ${asset.colours.join(', ') || 'none'}${asset.subject ? `; subject box: ${asset.subject.join(', ')}` : ''}`,
    `  ${asset.uri}${asset.path ? ` | ${asset.path}` : ''}`,
  ];
  return lines.join('\n');
}

function assetUri(asset: { id: string; kind: Asset['kind'] }): string {
  return `vrag://${asset.kind}s/${asset.id}`;
}

export function assetLink(asset: { id: string; kind: Asset['kind']; name: string; mediaType: string }): ResourceLink {
  return { uri: assetUri(asset), name: asset.name, mimeType: asset.mediaType };
}

/** A JPEG preview of an image, or of the middle of a video; `undefined` where its file cannot be read any more. */
export async function thumbnail(studio: Studio, asset: Asset, maxSide: number): Promise<FileBytes | undefined> {
  const { images, media, objects } = studio.ports;
  try {
    if (asset.kind === 'image') {
      const bytes = await objects.get(asset.objectKey);
      return bytes && (await images.encode(await images.decode(bytes, { maxSide }), { format: 'jpeg', quality: PREVIEW_QUALITY }));
    }
    const path = await objects.localPath(asset.objectKey);
    const [frame] = path ? await media.frames(path, [(asset.durationSeconds ?? 0) / 2], { maxSide }) : [];
    return frame && (await images.encode(frame, { format: 'jpeg', quality: PREVIEW_QUALITY }));
  } catch (error) {
    console.error(`no preview of ${asset.id}:`, error);
    return undefined;
  }
}

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));
