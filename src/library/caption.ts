import type { CallOptions, Captioner, ImageInfo, Ports, RawImage } from '../ports.ts';
import { type Description, writtenFields } from './description.ts';
import type { NewAsset } from './new-asset.ts';
import { cleanText } from './text.ts';

/** Record kind: what a model wrote of a picture, by the picture's sha256 and the model, so that nothing is paid for twice. */
const CAPTION = 'caption';

/** Longest caption of a model, in characters: it was asked for two sentences. */
const MAX_CAPTION = 500;

/** Captions that are being written, so that two files with the same bytes ask once. */
const asking = new WeakMap<Ports, Map<string, Promise<string>>>();

/**
 * The fields of a new picture that a model captions: {} where nobody shall (a person or the file itself says what it shows, or no captioner is configured), or its
 * content filters gave nothing. What was paid for is written down at once. Errors as `Captioner.caption`.
 */
export async function captionFor(
  ports: Ports,
  { sha256, picture, written, described }: { sha256: string; picture: RawImage; written: NonNullable<ImageInfo['written']>; described: Description },
  options: CallOptions,
): Promise<Pick<NewAsset, 'described' | 'captionOrigin' | 'captionModel'> | undefined> {
  const { captioner } = ports;
  if (!captioner || described.caption !== undefined || writtenFields(written, described).caption !== undefined) return undefined;
  const caption = await captionOf(ports, captioner, sha256, picture, options);
  return caption === '' ? undefined : { described: { ...described, caption }, captionOrigin: 'model', captionModel: captioner.id };
}

async function captionOf(ports: Ports, captioner: Captioner, sha256: string, picture: RawImage, options: CallOptions): Promise<string> {
  const id = `${sha256}/${captioner.id}`;
  const known = await ports.records.get(CAPTION, id);
  if (known) return (known.body as { caption: string }).caption;
  const own = asking.get(ports) ?? new Map<string, Promise<string>>();
  asking.set(ports, own);
  const asked = own.get(id) ?? ask(ports, captioner, id, picture, options).finally(() => own.delete(id));
  own.set(id, asked);
  return asked;
}

async function ask(ports: Ports, captioner: Captioner, id: string, picture: RawImage, options: CallOptions): Promise<string> {
  const caption = cleanText((await captioner.caption(picture, options)) ?? '', MAX_CAPTION);
  await ports.records.create({ kind: CAPTION, id, body: { caption, model: captioner.id } }).catch((error: { code?: string }) => {
    // Another server asked at the same time; both answers are paid for and either will do.
    if (error.code !== 'CONFLICT') throw error;
  });
  return caption;
}
