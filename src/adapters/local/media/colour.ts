import type { RawImage } from '../../../ports/pictures.ts';

/**
 * RGB to planar yuv420p, BT.709 limited range (ITU-R BT.709-6, 3.2 to 3.5: Kr .2126, Kb .0722; Y 16..235, Cb and Cr 16..240).
 * Chroma is sited left (H.264's default, Annex E chroma_sample_loc_type 0): 1-2-1 across, the mean of two rows down.
 * Width and height of `image` are even; grey (1 channel) and RGBA (alpha ignored) are taken too.
 */
export function toYuv420(image: RawImage, planes: Uint8Array): void {
  const { width, height } = image;
  const blue = new Int32Array(width + 1);
  const red = new Int32Array(width + 1);
  let chroma = width * height;
  const quarter = (width * height) / 4;
  for (let y = 0; y < height; y += 2) {
    blue.fill(0);
    red.fill(0);
    convertRow(image, y, planes, blue, red);
    convertRow(image, y + 1, planes, blue, red);
    blue[0] = blue[1];
    red[0] = red[1];
    // blue[x + 1] is the sum of two rows at column x, in 1/65536; 1-2-1 makes it 8 times the mean.
    for (let x = 1; x <= width; x += 2, chroma++) {
      const next = x < width ? x + 1 : x;
      planes[chroma] = 128 + ((blue[x - 1] + 2 * blue[x] + blue[next] + 262144) >> 19);
      planes[chroma + quarter] = 128 + ((red[x - 1] + 2 * red[x] + red[next] + 262144) >> 19);
    }
  }
}

/** Luma of one row into `planes`; Cb and Cr in 1/65536 are added to `blue` and `red` from index 1. */
function convertRow({ width, channels, data }: RawImage, y: number, planes: Uint8Array, blue: Int32Array, red: Int32Array): void {
  const [greenAt, blueAt] = channels === 1 ? [0, 0] : [1, 2];
  let from = y * width * channels;
  let to = y * width;
  for (let x = 1; x <= width; x++, from += channels, to++) {
    const r = data[from];
    const g = data[from + greenAt];
    const b = data[from + blueAt];
    // 65536 x 219/255 x (.2126, .7152, .0722); the Cb and Cr rows are 65536 x 224/255 x (B - Y) / 1.8556 and (R - Y) / 1.5748.
    planes[to] = (11966 * r + 40254 * g + 4064 * b + 1081344) >> 16;
    blue[x] += 28784 * b - 22188 * g - 6596 * r;
    red[x] += 28784 * r - 26145 * g - 2639 * b;
  }
}
