import * as z from 'zod';
import type { Asset, FileBytes, Orientation } from '../ports.ts';
import type { Studio } from '../studio.ts';
import type { ResourceLink } from './define.ts';

/** The fields of an asset that a reader of the tool list has to know; the others (`AssetData`) come where there is something to say. */
export const AssetOutput = z.looseObject({
  id: z.string(),
  kind: z.enum(['image', 'video']),
  name: z.string(),
  caption: z.string().optional(),
  seen: z.record(z.string(), z.number()).describe('Computed: what the vision model sees, with probabilities'),
  uri: z.string(),
});

/** What a result says of an asset; kept small, since it is repeated for every hit: what is absent is left out. */
export type AssetData = {
  id: string;
  collection: string;
  kind: Asset['kind'];
  name: string;
  caption?: string;
  /** Whose words the caption is: a person's who gave it, the file's own, a model's. */
  captionOrigin?: Asset['captionOrigin'];
  captionModel?: string;
  tags: string[];
  attributes?: Asset['attributes'];
  licence?: string;
  creator?: string;
  source: string;
  status: Asset['status'];
  width: number;
  height: number;
  orientation: Orientation;
  durationSeconds?: number;
  mediaType: string;
  /** Computed: what the vision model sees, with probabilities. */
  seen: Record<string, number>;
  /** Computed: names of the colours of the whole, and of what stands out. */
  colours: string[];
  subjectColours?: string[];
  /** Computed: the box of what stands out as x, y, width, height in fractions. */
  subject?: number[];
  /** Computed: 0 black .. 1 white. */
  brightness?: number;
  /** Ids. */
  madeFrom?: string[];
  uri: string;
  path?: string;
  createdAt: string;
};

/** Longer side of the stored previews. */
const PREVIEW_MAX_SIDE = 512;

/** JPEG quality of thumbnails: one of 192 px of a busy photograph stays near 5 kB. */
const PREVIEW_QUALITY = 65;

/** Colours with at least this share of the picture are named. */
const NAMED_COLOUR_SHARE = 0.08;

/** An asset as results show it. */
export async function assetOutput(studio: Studio, asset: Asset): Promise<AssetData> {
  const { id, collection, kind, name, caption, captionOrigin, captionModel, tags, attributes, licence, creator, source, status, brightness } = asset;
  const { width, height, durationSeconds, mediaType, madeFrom, createdAt } = asset;
  const seen = asset.seen ? await studio.ports.recogniser.describe(asset.seen) : [];
  const subjectColours = named(asset.seen?.subjectColours);
  return present({
    id,
    collection,
    kind,
    name,
    caption,
    captionOrigin,
    captionModel,
    tags,
    attributes,
    licence,
    creator,
    source,
    status,
    width,
    height,
    orientation: width === height ? 'square' : width > height ? 'landscape' : 'portrait',
    durationSeconds: durationSeconds === undefined ? undefined : round(durationSeconds, 2),
    mediaType,
    seen: Object.fromEntries(seen.map(({ word, probability }) => [word, round(probability, 2)])),
    colours: named(asset.seen?.colours),
    subjectColours: subjectColours.length > 0 ? subjectColours : undefined,
    subject: asset.subject && [asset.subject.x, asset.subject.y, asset.subject.width, asset.subject.height].map((value) => round(value, 3)),
    brightness: brightness === undefined ? undefined : round(brightness, 2),
    madeFrom,
    uri: assetUri(asset),
    path: studio.localPaths ? await studio.ports.objects.place(asset.objectKey) : undefined,
    createdAt,
  });
}

function named(colours: [name: string, share: number][] = []): string[] {
  return colours.filter(([, share]) => share >= NAMED_COLOUR_SHARE).map(([name]) => name);
}

/** Without what is undefined. */
function present(data: { [Field in keyof AssetData]: AssetData[Field] | undefined }): AssetData {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as AssetData;
}

/** Whose words a caption is, where they are not those of a person who gave them to the asset. */
const ORIGIN_NOTES = { given: '', file: ' (caption from the file itself)', model: ' (caption by a model)' };

/** One asset as lines of text: the same facts as `assetOutput`. */
export function assetText(asset: AssetData): string {
  const size = `${asset.width}x${asset.height} ${asset.orientation}${asset.durationSeconds === undefined ? '' : `, ${asset.durationSeconds} s`}`;
  const seen = Object.entries(asset.seen).map(([word, probability]) => `${word} ${probability.toFixed(2)}`);
  const attributes = Object.entries(asset.attributes ?? {}).map(([name, value]) => `${name}=${value}`);
  const facts = (pairs: Record<string, string | number | undefined>) =>
    Object.entries(pairs).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name}: ${value}`]));
  const origin = asset.captionModel ? ` (caption by the model ${asset.captionModel})` : asset.captionOrigin ? ORIGIN_NOTES[asset.captionOrigin] : '';
  const told = facts({
    name: asset.name,
    tags: asset.tags.join(', ') || 'none',
    attributes: attributes.join(', '),
    licence: asset.licence,
    creator: asset.creator,
    source: asset.source,
    'made from': asset.madeFrom?.join(', '),
    type: asset.mediaType,
    added: asset.createdAt,
  });
  const computed = facts({
    'seen (computed)': seen.join(', ') || 'nothing certain',
    colours: asset.colours.join(', ') || 'none',
    'subject colours': asset.subjectColours?.join(', '),
    'subject box': asset.subject?.join(', '),
    brightness: asset.brightness,
  });
  const lines = [
    `${asset.id} [${asset.kind}, ${size}, ${asset.status}] in "${asset.collection}": ${asset.caption ?? asset.name}${origin}`,
    `  ${told.join('; ')}`,
    `  ${computed.join('; ')}`,
    `  ${asset.uri}${asset.path ? ` | ${asset.path}` : ''}`,
  ];
  return lines.join('\n');
}

function assetUri(asset: { id: string; kind: Asset['kind'] }): string {
  return `vrag://${asset.kind}s/${asset.id}`;
}

export function assetLink(studio: Studio, asset: Asset): ResourceLink {
  return { uri: assetUri(asset), name: asset.name, mimeType: studio.assets.servedType(asset) };
}

/** A JPEG preview of an image, or of the middle of a video, at most 512 px, without metadata; `undefined` where its file cannot be read any more. */
export async function thumbnail(studio: Studio, asset: Asset, maxSide: number): Promise<FileBytes | undefined> {
  const { images } = studio.ports;
  try {
    const preview = await studio.assets.previewOf(studio.ports, asset);
    if (!preview || maxSide >= PREVIEW_MAX_SIDE) return preview;
    return await images.encode(await images.decode(preview.bytes, { maxSide }), { format: 'jpeg', quality: PREVIEW_QUALITY });
  } catch (error) {
    console.error(`no preview of ${asset.id}:`, error);
    return undefined;
  }
}

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));
