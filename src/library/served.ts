import type { Asset, FileBytes, Ports } from '../ports.ts';
import { originalBytes } from './assets.ts';
import { encodePreview, PREVIEW } from './look.ts';

/** JPEG quality of copies that are handed out at full size. */
const QUALITY = 90;

/** The stored preview of an asset; made from the original where there is none (assets of an earlier version). `undefined` where its file is gone. */
export async function previewOf(ports: Ports, asset: Asset): Promise<FileBytes | undefined> {
  const stored = asset.previewKey === undefined ? undefined : await ports.objects.get(asset.previewKey);
  if (stored) return { bytes: stored, mediaType: 'image/jpeg' };
  if (asset.kind === 'image') {
    const bytes = await ports.objects.get(asset.objectKey);
    return bytes && encodePreview(ports, await ports.images.decode(bytes, PREVIEW));
  }
  const path = await ports.objects.localPath(asset.objectKey);
  const [frame] = path ? await ports.media.frames(path, [(asset.durationSeconds ?? 0) / 2], PREVIEW) : [];
  return frame && encodePreview(ports, frame);
}

/**
 * The media type in which an asset is handed out: pictures as JPEG, WebP or PNG, whichever the original is, else PNG; of videos those made
 * here as they are, others only as a JPEG preview.
 */
export function servedType({ kind, mediaType, manifestId }: Pick<Asset, 'kind' | 'mediaType' | 'manifestId'>): string {
  if (kind === 'video') return manifestId === undefined ? 'image/jpeg' : mediaType;
  return mediaType === 'image/jpeg' || mediaType === 'image/webp' ? mediaType : 'image/png';
}

/**
 * A copy of an asset for others than its owner: a picture's upright first frame at full size, converted to sRGB (so without a colour
 * profile), encoded anew, alpha kept, with nothing of the file's metadata (GPS, EXIF, XMP, IPTC, comments, thumbnails, what follows its end). A video that was
 * made here is handed out as it is; another is not, because its container may hold a place and a time too: `undefined`.
 * NOT_FOUND where the bytes are gone.
 */
export async function servedCopy(ports: Ports, asset: Asset): Promise<FileBytes | undefined> {
  const mediaType = servedType(asset);
  if (asset.kind === 'video') return asset.manifestId === undefined ? undefined : { bytes: await originalBytes(ports, asset), mediaType };
  const bytes = await originalBytes(ports, asset);
  const alpha = mediaType !== 'image/jpeg' && (await ports.images.probe(bytes)).hasAlpha;
  const picture = await ports.images.decode(bytes, { alpha });
  return ports.images.encode(picture, { format: mediaType.slice('image/'.length) as 'jpeg' | 'png' | 'webp', quality: QUALITY });
}
