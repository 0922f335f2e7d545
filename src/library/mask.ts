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
  /** What was found by words or as the subject: one channel, the same size. */
  found?: RawImage | undefined;
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

/** Largest mask in pixels: what one region of 4096 x 4096 holds. */
const MOST_PIXELS = 4096 * 4096;

/** Draws the in-painting mask: one channel, 255 = change. INVALID_INPUT where it is empty, covers everything, is too large or lies outside the picture. */
export function drawMask(options: MaskOptions): RawImage {
  const { width, height } = options;
  const data = new Uint8Array(width * height);
  for (const box of options.boxes ?? []) fillBox(data, width, height, box);
  for (const ellipse of options.ellipses ?? []) fillEllipse(data, width, height, ellipse);
  for (const polygon of options.polygons ?? []) fillPolygon(data, width, height, polygon);
  if (options.image) addImage(data, width, height, options.image);
  if (options.found) addImage(data, width, height, options.found);
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
  if (changed * data.length > MOST_PIXELS) {
    throw new AppError(
      'INVALID_INPUT',
      `The mask has ${Math.round((changed * data.length) / 1e6)} megapixels; at most ${Math.floor(MOST_PIXELS / 1e6)} are filled.`,
      {
        hint: 'Mask less, or ingest the picture at a smaller size.',
      },
    );
  }
  if (options.featherPixels) feather(data, width, height, options.featherPixels);
  return { width, height, channels: 1, data };
}

/** What is probably not meant, in sentences for the user; [] where nothing is. `markedShare` is the share of the picture that was marked before growing. */
export function maskWarnings(shapes: MaskShapes & { invert?: boolean | undefined }, markedShare: number, changedShare: number): string[] {
  const crossed = (shapes.polygons ?? []).flatMap((points, index) => (crossesItself(points) ? [index + 1] : []));
  const warnings = crossed.map((number) => `Polygon ${number} crosses itself: where it covers itself twice nothing is marked.`);
  if (changedShare > 2 * markedShare && changedShare > 0.2) {
    const [marked, changed] = [markedShare, changedShare].map((value) => Math.round(value * 100));
    warnings.push(`Growing the mask took it from ${marked} to ${changed} % of the picture: it seems to consist of specks; try growPixels 0.`);
  } else if (changedShare > 0.5) {
    const what =
      shapes.image && !shapes.invert ? 'More than half of the mask picture is white, and white is changed' : 'More than half of the picture is masked';
    warnings.push(`${what}: if that was not meant, ${shapes.invert ? 'leave out invert' : 'try invert'}.`);
  }
  return warnings;
}

/** True where two sides that do not meet at a corner cross. */
function crossesItself(points: Point[]): boolean {
  const side = (index: number) => [points[index], points[(index + 1) % points.length]] as const;
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 2; j < points.length; j++) {
      if (i === 0 && j === points.length - 1) continue;
      const [[a, b], [c, d]] = [side(i), side(j)];
      if (turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0) return true;
    }
  }
  return false;
}

function turn(a: Point, b: Point, c: Point): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
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
