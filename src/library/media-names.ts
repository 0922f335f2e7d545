/**
 * Extensions of pictures and videos, also of those that cannot be read here: a folder's HEIC must be named as a failure, its text files need not.
 * Common ones of the IANA media types image/* and video/* (https://www.iana.org/assignments/media-types, read 2026-11), and camera raw formats.
 */
const MEDIA = new Set(
  (
    'jpg jpeg jpe jfif png apng webp avif tif tiff gif svg heic heif hif bmp dib ico jxl jp2 j2k jpx psd psb xcf tga exr hdr ' +
    'dng cr2 cr3 nef arw raf orf rw2 mp4 m4v mov qt webm mkv avi wmv flv mpg mpeg m2ts mts 3gp 3g2 ogv'
  ).split(' '),
);

/** What a file's name says about its content: `unknown` where it has no extension. */
export function mediaByName(name: string): 'media' | 'other' | 'unknown' {
  const extension = /\.([^.\s]{1,8})$/.exec(name)?.[1].toLowerCase();
  if (extension === undefined) return 'unknown';
  return MEDIA.has(extension) ? 'media' : 'other';
}
