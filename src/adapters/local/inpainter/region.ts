/** A rectangle in pixels. */
export interface PixelBox {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One channel of a picture. */
export interface Plane {
  width: number;
  height: number;
  data: Uint8Array;
}

/** A connected part of the mask, small gaps bridged. */
export interface Hole {
  label: number;
  box: PixelBox;
  /** Largest distance of a pixel of the hole to a known one, in pixels; the picture's edge is not known. */
  depth: number;
}

/** Parts of the mask nearer than this (in pixels) count as one hole: strokes of a letter, specks beside an object. */
const BRIDGE = 8;

/** The smallest box around all values over 0, or `undefined` where there is none. */
export function boundsOf(plane: Plane): PixelBox | undefined {
  const { width, height, data } = plane;
  let left = width;
  let right = -1;
  let top = -1;
  let bottom = -1;
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.findIndex((value) => value > 0);
    if (first < 0) continue;
    if (top < 0) top = y;
    bottom = y;
    left = Math.min(left, first);
    right = Math.max(
      right,
      row.findLastIndex((value) => value > 0),
    );
  }
  return top < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** The box with `margin` pixels more on each side, kept inside the picture. */
export function grow(box: PixelBox, margin: number, bounds: { width: number; height: number }): PixelBox {
  const x = Math.max(0, box.x - margin);
  const y = Math.max(0, box.y - margin);
  return { x, y, width: Math.min(bounds.width, box.x + box.width + margin) - x, height: Math.min(bounds.height, box.y + box.height + margin) - y };
}

/** Copies a box out of interleaved pixels. */
export function crop(data: Uint8Array, width: number, box: PixelBox, channels: number): Uint8Array {
  const out = new Uint8Array(box.width * box.height * channels);
  for (let y = 0; y < box.height; y++) {
    const from = ((box.y + y) * width + box.x) * channels;
    out.set(data.subarray(from, from + box.width * channels), y * box.width * channels);
  }
  return out;
}

/**
 * Distance of each pixel over 0 to the nearest 0, in pixels (0 outside the hole): the 3-4 chamfer transform of Borgefors 1986, two passes,
 * within 8 % of the Euclidean distance. Infinite where the plane has no 0.
 */
export function distances(plane: Plane): Float32Array {
  const { width, height, data } = plane;
  const out = new Float32Array(width * height);
  for (let i = 0; i < out.length; i++) out[i] = data[i] > 0 ? Number.POSITIVE_INFINITY : 0;
  sweep(out, width, height, 1);
  sweep(out, width, height, -1);
  return out;
}

function sweep(out: Float32Array, width: number, height: number, step: 1 | -1): void {
  const diagonal = 4 / 3;
  for (let j = 0; j < height; j++) {
    const y = step > 0 ? j : height - 1 - j;
    const above = j > 0;
    for (let i = 0; i < width; i++) {
      const x = step > 0 ? i : width - 1 - i;
      const at = y * width + x;
      let value = out[at];
      if (value === 0) continue;
      if (i > 0) value = Math.min(value, out[at - step] + 1);
      if (above) {
        const up = at - step * width;
        value = Math.min(value, out[up] + 1);
        if (i > 0) value = Math.min(value, out[up - step] + diagonal);
        if (i < width - 1) value = Math.min(value, out[up + step] + diagonal);
      }
      out[at] = value;
    }
  }
}

/** 1 within `radius` pixels (square) of a value over 0. */
export function dilate(plane: Plane, radius: number): Uint8Array {
  const { width, height } = plane;
  const rows = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) spread(plane.data, rows, y * width, 1, width, radius);
  const out = new Uint8Array(width * height);
  for (let x = 0; x < width; x++) spread(rows, out, x, width, height, radius);
  return out;
}

function spread(from: Uint8Array, to: Uint8Array, start: number, step: number, length: number, radius: number): void {
  let filled = -1;
  for (let i = 0; i < length; i++) {
    if (from[start + i * step] === 0) continue;
    const end = Math.min(length - 1, i + radius);
    for (let k = Math.max(filled + 1, i - radius); k <= end; k++) to[start + k * step] = 1;
    filled = end;
  }
}

/** The separate holes of a mask, and for each pixel the label of its hole (from 1; 0 outside the bridged holes). */
export function separateHoles(mask: Plane): { holes: Hole[]; labels: Int32Array } {
  const { width, height } = mask;
  const open = dilate(mask, BRIDGE >> 1);
  const depth = distances(mask);
  const labels = new Int32Array(width * height);
  const holes: Hole[] = [];
  const stack: number[] = [];
  for (let start = 0; start < open.length; start++) {
    if (mask.data[start] === 0 || labels[start] > 0) continue;
    const label = holes.length + 1;
    let deepest = 0;
    let [left, right, top, bottom] = [width, 0, height, 0];
    labels[start] = label;
    stack.push(start);
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const y = Math.floor(at / width);
      const x = at - y * width;
      if (mask.data[at] > 0) {
        deepest = Math.max(deepest, depth[at]);
        [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      }
      visit(at - 1, x > 0);
      visit(at + 1, x < width - 1);
      visit(at - width, y > 0);
      visit(at + width, y < height - 1);
    }
    holes.push({ label, box: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 }, depth: deepest });

    function visit(next: number, inside: boolean): void {
      if (!inside || open[next] === 0 || labels[next] > 0) return;
      labels[next] = label;
      stack.push(next);
    }
  }
  return { holes, labels };
}

/** Holes whose boxes, grown by their depth, overlap are completed together: a patch at the coarsest scale may see both. */
export function groupHoles(holes: Hole[]): Hole[][] {
  const groups: { box: PixelBox; holes: Hole[] }[] = [];
  const limitless = { width: Number.MAX_SAFE_INTEGER, height: Number.MAX_SAFE_INTEGER };
  for (const hole of holes) {
    let merged = { box: grow(hole.box, Math.ceil(hole.depth), limitless), holes: [hole] };
    for (let i = 0; i < groups.length; i++) {
      if (!overlap(groups[i].box, merged.box)) continue;
      merged = { box: union(groups[i].box, merged.box), holes: [...groups[i].holes, ...merged.holes] };
      groups.splice(i, 1);
      i = -1;
    }
    groups.push(merged);
  }
  return groups.map((group) => group.holes);
}

function overlap(a: PixelBox, b: PixelBox): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** The smallest box around both. */
export function union(a: PixelBox, b: PixelBox): PixelBox {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}
