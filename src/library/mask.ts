import { AppError } from '../errors.ts';
import type { RawImage } from '../ports.ts';

export interface Point {
  x: number;
  y: number;
}

export interface Rectangle extends Point {
  width: number;
  height: number;
}

/** What to change, in pixels of the upright picture; all shapes are joined. */
export interface MaskShapes {
  boxes?: Rectangle[] | undefined;
  ellipses?: Rectangle[] | undefined;
  polygons?: Point[][] | undefined;
  /** A picture of the same size: white is changed. */
  image?: RawImage | undefined;
}

export interface MaskOptions extends MaskShapes {
  width: number;
  height: number;
  /** Change everything but the shapes. */
  invert?: boolean | undefined;
  /** Widens the mask by this many pixels. */
  growPixels?: number | undefined;
  /** Blends over this many pixels at the border. */
  featherPixels?: number | undefined;
}

/** Draws the in-painting mask: one channel, 255 = change. INVALID_INPUT where it is empty, covers everything or lies outside the picture. */
export function drawMask(options: MaskOptions): RawImage {
  const { width, height } = options;
  const data = new Uint8Array(width * height);
  for (const box of options.boxes ?? []) fillBox(data, width, height, box);
  for (const ellipse of options.ellipses ?? []) fillEllipse(data, width, height, ellipse);
  for (const polygon of options.polygons ?? []) fillPolygon(data, width, height, polygon);
  if (options.image) addImage(data, width, height, options.image);
  if (options.invert) for (let i = 0; i < data.length; i++) data[i] = 255 - data[i];
  if (options.growPixels) spread(data, width, height, options.growPixels);
  const changed = share(data);
  if (changed === 0)
    throw new AppError('INVALID_INPUT', 'The mask is empty: nothing would change.', {
      hint: 'Give at least one box, ellipse, polygon or a mask picture with white in it.',
    });
  if (changed === 1)
    throw new AppError('INVALID_INPUT', 'The mask covers the whole picture: nothing is left to fill from.', {
      hint: 'Mask only the part to change (white or inside the shapes).',
    });
  if (options.featherPixels) feather(data, width, height, options.featherPixels);
  return { width, height, channels: 1, data };
}

/** Share 0..1 of the mask that is changed at all. */
export function share(data: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] > 0) count++;
  return count / data.length;
}

function outside(shape: string, at: string, width: number, height: number): AppError {
  return new AppError('INVALID_INPUT', `The ${shape} at ${at} lies outside the picture, which has ${width}x${height} pixels.`, {
    hint: `x must be within 0..${width}, y within 0..${height}; the origin is the top left corner.`,
  });
}

function checkRectangle(shape: string, box: Rectangle, width: number, height: number): void {
  if (box.width <= 0 || box.height <= 0)
    throw new AppError('INVALID_INPUT', `The ${shape} at x ${box.x}, y ${box.y} is ${box.width}x${box.height} pixels large.`, {
      hint: 'width and height must be more than 0.',
    });
  if (box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height) {
    throw outside(shape, `x ${box.x}, y ${box.y}, ${box.width}x${box.height}`, width, height);
  }
}

function fillBox(data: Uint8Array, width: number, height: number, box: Rectangle): void {
  checkRectangle('box', box, width, height);
  const left = Math.floor(box.x);
  const right = Math.ceil(box.x + box.width);
  for (let y = Math.floor(box.y); y < Math.ceil(box.y + box.height); y++) data.fill(255, y * width + left, y * width + right);
}

function fillEllipse(data: Uint8Array, width: number, height: number, box: Rectangle): void {
  checkRectangle('ellipse', box, width, height);
  const rx = box.width / 2;
  const ry = box.height / 2;
  for (let y = Math.floor(box.y); y < Math.ceil(box.y + box.height); y++) {
    const dy = (y + 0.5 - box.y - ry) / ry;
    if (Math.abs(dy) > 1) continue;
    const half = rx * Math.sqrt(1 - dy * dy);
    data.fill(255, y * width + Math.max(0, Math.round(box.x + rx - half)), y * width + Math.min(width, Math.round(box.x + rx + half)));
  }
}

/** Even-odd scan-line fill, sampled at pixel centres. */
function fillPolygon(data: Uint8Array, width: number, height: number, points: Point[]): void {
  for (const { x, y } of points) if (x < 0 || y < 0 || x > width || y > height) throw outside('polygon point', `x ${x}, y ${y}`, width, height);
  for (let row = 0; row < height; row++) {
    const y = row + 0.5;
    const crossings: number[] = [];
    points.forEach((a, index) => {
      const b = points[(index + 1) % points.length];
      if (a.y <= y !== b.y <= y) crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
    });
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) data.fill(255, row * width + Math.round(crossings[i]), row * width + Math.round(crossings[i + 1]));
  }
}

function addImage(data: Uint8Array, width: number, height: number, image: RawImage): void {
  if (image.width !== width || image.height !== height) {
    throw new AppError('INVALID_INPUT', `The mask picture has ${image.width}x${image.height} pixels, the image ${width}x${height}.`, {
      hint: 'Make the mask exactly as large as the image; white is changed.',
    });
  }
  for (let i = 0; i < data.length; i++) if (image.data[i * image.channels] >= 128) data[i] = 255;
}

/** Widens by a square of the given radius: a running maximum along rows, then columns. */
function spread(data: Uint8Array, width: number, height: number, radius: number): void {
  const pass = (count: number, length: number, start: (line: number) => number, stride: number) => {
    const line = new Uint8Array(length);
    for (let index = 0; index < count; index++) {
      const first = start(index);
      for (let i = 0; i < length; i++) line[i] = data[first + i * stride];
      let reach = -1;
      for (let i = 0; i < Math.min(radius, length); i++) if (line[i]) reach = i;
      for (let i = 0; i < length; i++) {
        if (i + radius < length && line[i + radius]) reach = i + radius;
        data[first + i * stride] = reach >= 0 && reach >= i - radius ? 255 : 0;
      }
    }
  };
  pass(height, width, (y) => y * width, 1);
  pass(width, height, (x) => x, width);
}

/** Softens the border by a box blur of twice the given radius, so half of the blend lies on each side; the far outside stays 0. */
function feather(data: Uint8Array, width: number, height: number, radius: number): void {
  const pass = (count: number, length: number, start: (line: number) => number, stride: number) => {
    const sums = new Float64Array(length + 1);
    for (let index = 0; index < count; index++) {
      const first = start(index);
      for (let i = 0; i < length; i++) sums[i + 1] = sums[i] + data[first + i * stride];
      for (let i = 0; i < length; i++) {
        const from = Math.max(0, i - radius);
        const to = Math.min(length, i + radius + 1);
        data[first + i * stride] = Math.round((sums[to] - sums[from]) / (to - from));
      }
    }
  };
  pass(height, width, (y) => y * width, 1);
  pass(width, height, (x) => x, width);
}
