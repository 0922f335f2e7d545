// Operations on RGB frames ({ width, height, channels: 3, data }) with which clips and their defects are made.
import sharp from 'sharp';

export const likeFrame = (frame, data) => ({ width: frame.width, height: frame.height, channels: 3, data });

/** Every value through a table of 256. */
export function mapped(frame, of) {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => of(value));
  return likeFrame(
    frame,
    frame.data.map((value) => table[value]),
  );
}

/** A colour matrix of 3 x 3 on sRGB values. */
export function recoloured(frame, m) {
  const data = new Uint8ClampedArray(frame.data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [frame.data[i], frame.data[i + 1], frame.data[i + 2]];
    for (let c = 0; c < 3; c++) data[i + c] = m[3 * c] * r + m[3 * c + 1] * g + m[3 * c + 2] * b;
  }
  return likeFrame(frame, new Uint8Array(data.buffer));
}

/** Luma-keeping rotation of the hue (W3C Filter Effects, hueRotate). */
export function hueMatrix(degrees) {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [
    ...[0.213 + c * 0.787 - s * 0.213, 0.715 - c * 0.715 - s * 0.715, 0.072 - c * 0.072 + s * 0.928],
    ...[0.213 - c * 0.213 + s * 0.143, 0.715 + c * 0.285 + s * 0.14, 0.072 - c * 0.072 - s * 0.283],
    ...[0.213 - c * 0.213 - s * 0.787, 0.715 - c * 0.715 + s * 0.715, 0.072 + c * 0.928 + s * 0.072],
  ];
}

export const GREY_MATRIX = [0.213, 0.715, 0.072, 0.213, 0.715, 0.072, 0.213, 0.715, 0.072];

export function mixed(a, b, part) {
  const data = new Uint8Array(a.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.round(a.data[i] + (b.data[i] - a.data[i]) * part);
  return likeFrame(a, data);
}

export const filled = (frame, value) => likeFrame(frame, new Uint8Array(frame.data.length).fill(value));

const raw = (frame) =>
  sharp(Buffer.from(frame.data.buffer, frame.data.byteOffset, frame.data.length), { raw: { width: frame.width, height: frame.height, channels: 3 } });

async function fromSharp(pipeline) {
  const { data, info } = await pipeline.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

export const blurred = (frame, sigma) => fromSharp(raw(frame).blur(sigma));

/** Each pixel the median of a square of `side` pixels. */
export const medianOf = (frame, side) => fromSharp(raw(frame).median(side));

export const resized = (frame, width, height, fit = 'fill') => fromSharp(raw(frame).resize(width, height, { fit }));

export const cropped = (frame, left, top, width, height) => fromSharp(raw(frame).extract({ left, top, width, height }));

/** A picture file, upright, on white, longer side at most `maxSide`. */
export const picture = (file, maxSide) =>
  fromSharp(sharp(file).rotate().flatten({ background: '#fff' }).resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true }));

export const drawing = (svg) => fromSharp(sharp(Buffer.from(svg)));

/** Bilinear sampling: `at(x, y)` gives the place in `source` (pixels) that an output pixel shows. */
export function sampled(source, width, height, at) {
  const data = new Uint8Array(3 * width * height);
  const clamp = (value, high) => Math.min(high, Math.max(0, value));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = at(x, y);
      const px = clamp(sx, source.width - 1.001);
      const py = clamp(sy, source.height - 1.001);
      const [left, top] = [Math.floor(px), Math.floor(py)];
      const [fx, fy] = [px - left, py - top];
      const i = 3 * (top * source.width + left);
      const below = i + 3 * source.width;
      const to = 3 * (y * width + x);
      for (let c = 0; c < 3; c++) {
        const upper = source.data[i + c] * (1 - fx) + source.data[i + 3 + c] * fx;
        const lower = source.data[below + c] * (1 - fx) + source.data[below + 3 + c] * fx;
        data[to + c] = upper * (1 - fy) + lower * fy + 0.5;
      }
    }
  }
  return { width, height, channels: 3, data };
}

/** Mean colour of the pixels where `mask(x, y)` is over .5, CIE Lab (D65). */
export function meanLab(frame, mask) {
  const sum = [0, 0, 0];
  let count = 0;
  for (let y = 0; y < frame.height; y++) {
    for (let x = 0; x < frame.width; x++) {
      if (mask(x, y) <= 0.5) continue;
      for (let c = 0; c < 3; c++) sum[c] += linear(frame.data[3 * (y * frame.width + x) + c]);
      count++;
    }
  }
  return lab(sum.map((value) => value / Math.max(1, count)));
}

const linear = (byte) => (byte <= 10 ? byte / 3294.6 : ((byte / 255 + 0.055) / 1.055) ** 2.4);

function lab([r, g, b]) {
  const f = (t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
