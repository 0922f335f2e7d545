import type { Metadata } from 'sharp';
import type { ImageInfo } from '../../../ports.ts';
import { exifText } from './exif-text.ts';
import { iptcText } from './iptc-text.ts';
import { xmpText } from './xmp-text.ts';

/** Texts of one kind of metadata. */
export type WrittenText = { [Field in keyof NonNullable<ImageInfo['written']>]: string | undefined };

/** Longest text that is passed on, in characters. */
const MAX_TEXT = 4000;

/** What cameras and programs write where nobody wrote anything. */
const BY_MACHINE = /^(?:[\w -]*digital camera|sony dsc|dcim[\\/].*|created with (?:the )?gimp.*|default|untitled|[^\p{L}\p{N}]*)$/iu;

/**
 * What a file says about itself. XMP comes first, because it is always Unicode and written by programs in which people describe pictures;
 * then IPTC; EXIF, which cameras fill unasked, comes last; of PNG also the text chunks (PNG specification, third edition, 11.3.3.1). `tiff` is the file where it is a TIFF.
 */
export function writtenText(meta: Metadata, tiff?: Uint8Array): ImageInfo['written'] {
  const sources = [
    meta.xmp && xmpText(meta.xmp),
    meta.iptc && iptcText(meta.iptc),
    meta.comments && pngText(meta.comments),
    meta.exif && exifText(meta.exif),
    tiff && exifText(tiff),
  ].filter((source) => source !== undefined);
  const first = (field: keyof WrittenText) => {
    const text = sources.map((source) => source[field]?.slice(0, MAX_TEXT).trim()).find((value) => value && !BY_MACHINE.test(value));
    return text ? { [field]: text } : {};
  };
  const written = { ...first('description'), ...first('creator'), ...first('licence') };
  return Object.keys(written).length > 0 ? written : undefined;
}

function pngText(comments: NonNullable<Metadata['comments']>): WrittenText {
  const of = (keyword: string) => comments.find((comment) => comment.keyword === keyword)?.text;
  return { description: of('Description'), creator: of('Author'), licence: of('Copyright') };
}
