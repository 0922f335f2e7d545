// Holes cut into textured photographs, and what a fill is like beside its surroundings. All at full resolution, on luma.
import path from 'node:path';
import sharp from 'sharp';

const FOLDERS = { 'aws-sample-video-rag/images': ['building', 'clouds', 'dog', 'flower', 'gloves', 'road', 'shoes', 'tree', 'tree_top', 'waves'] };
const OBJECTS = ['backpack', 'bear_plushie', 'can', 'cat', 'dog', 'dog3', 'dog8', 'fancy_boot', 'poop_emoji', 'shiny_sneaker'];
/** A place is a window of this side, the hole in its middle. */
const WINDOW = 224;
const STEP = 32;
/** Mean squared Laplacian under which a place is smooth: nothing to see in it. */
const LEAST_DETAIL = 60;

/** Two places of each of 30 photographs, as far as they have such: one gets a thin hole (a stroke 12 px wide), one a wide one (an ellipse of 120 x 100). */
export async function cutHoles(data) {
  const files = [
    ...Object.entries(FOLDERS).flatMap(([folder, names]) => names.map((name) => path.join(data, folder, `${name}.jpg`))),
    ...OBJECTS.flatMap((name) => ['01', '03'].map((number) => path.join(data, 'dreambooth/dataset', name, `${number}.jpg`))),
  ];
  const holes = [];
  for (const file of files) {
    const image = await readImage(file);
    for (const [index, place] of evenPlaces(image).entries()) {
      const shape = index === 0 ? 'wide' : 'thin';
      holes.push({ file: `${path.basename(path.dirname(file))}/${path.basename(file)}`, shape, image: cropped(image, place), mask: drawHole(shape) });
    }
  }
  return holes;
}

export async function readImage(file, size) {
  const pipeline = sharp(file).rotate().flatten({ background: '#fff' }).toColourspace('srgb');
  if (size) pipeline.resize({ fit: 'cover', ...size });
  const { data, info } = await pipeline.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data: new Uint8Array(data) };
}

/** The two places whose detail differs least between their nine parts, of those that have any, and do not overlap. */
function evenPlaces(image) {
  const detail = laplacian(luma(image), image);
  const found = [];
  for (let y = 0; y + WINDOW <= image.height; y += STEP) {
    for (let x = 0; x + WINDOW <= image.width; x += STEP) {
      const parts = Array.from({ length: 9 }, (_, i) => meanSquare(detail, image.width, x + (i % 3) * 74, y + Math.floor(i / 3) * 74, 74));
      const least = Math.min(...parts);
      if (least >= LEAST_DETAIL) found.push({ x, y, spread: Math.max(...parts) / least });
    }
  }
  found.sort((a, b) => a.spread - b.spread || a.y - b.y || a.x - b.x);
  const [first] = found;
  const second = found.find((place) => Math.abs(place.x - first.x) >= WINDOW || Math.abs(place.y - first.y) >= WINDOW);
  return [first, second].filter((place) => place !== undefined);
}

function meanSquare(values, width, left, top, side) {
  let sum = 0;
  for (let y = top; y < top + side; y++) for (let x = left; x < left + side; x++) sum += values[y * width + x] ** 2;
  return sum / (side * side);
}

function cropped({ width, data }, place) {
  const out = new Uint8Array(WINDOW * WINDOW * 3);
  for (let y = 0; y < WINDOW; y++)
    out.set(data.subarray(((place.y + y) * width + place.x) * 3, ((place.y + y) * width + place.x + WINDOW) * 3), y * WINDOW * 3);
  return { width: WINDOW, height: WINDOW, channels: 3, data: out };
}

function drawHole(shape) {
  const data = new Uint8Array(WINDOW * WINDOW);
  for (let y = 0; y < WINDOW; y++) {
    for (let x = 0; x < WINDOW; x++) {
      const [across, down] = [x - WINDOW / 2, y - WINDOW / 2];
      const wide = (across / 60) ** 2 + (down / 50) ** 2 < 1;
      const thin = Math.abs(down - 0.3 * across) < 6 && Math.abs(across) < 80;
      if (shape === 'wide' ? wide : thin) data[y * WINDOW + x] = 255;
    }
  }
  return { width: WINDOW, height: WINDOW, channels: 1, data };
}

export function luma({ data }) {
  const out = new Float32Array(data.length / 3);
  for (let at = 0; at < out.length; at++) out[at] = 0.299 * data[at * 3] + 0.587 * data[at * 3 + 1] + 0.114 * data[at * 3 + 2];
  return out;
}

function laplacian(grey, { width, height }) {
  const out = new Float32Array(grey.length);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      out[at] = 4 * grey[at] - grey[at - 1] - grey[at + 1] - grey[at - width] - grey[at + width];
    }
  }
  return out;
}

/** High-frequency energy (mean squared Laplacian) inside the hole over that of a ring of 24 pixels around it; the border itself counts to neither. */
export function textureRatio(image, mask) {
  const detail = laplacian(luma(image), image);
  const [inner, near] = [shifted(mask, -2), shifted(mask, 2)];
  const far = shifted(mask, 26);
  const sums = [0, 0, 0, 0];
  for (let at = 0; at < detail.length; at++) {
    const where = inner[at] ? 0 : far[at] && !near[at] ? 2 : -1;
    if (where < 0) continue;
    sums[where] += detail[at] ** 2;
    sums[where + 1]++;
  }
  return sums[0] / sums[1] / (sums[2] / sums[3]);
}

/** Mean step between the pixels on both sides of the border over the mean step between neighbours along it. */
export function boundaryRatio(image, mask) {
  const grey = luma(image);
  const { width, height } = image;
  let [across, acrossCount, along, alongCount] = [0, 0, 0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      for (const [step, side] of [
        [1, width],
        [width, 1],
      ]) {
        if (mask.data[at] > 0 === mask.data[at + step] > 0) continue;
        across += Math.abs(grey[at] - grey[at + step]);
        acrossCount++;
        for (const from of [at, at + step]) {
          along += Math.abs(grey[from] - grey[from + side]);
          alongCount++;
        }
      }
    }
  }
  return across / acrossCount / (along / alongCount);
}

/** Root mean square distance, in levels, of 7 x 7 patches of the fill (every 6th pixel) to the one of the surroundings that is most like it: less is more alike. */
export function selfDistance(image, mask) {
  const grey = luma(image);
  const { width, height } = image;
  const blocked = shifted(mask, 3);
  const sources = [];
  for (let y = 3; y < height - 3; y += 2) for (let x = 3; x < width - 3; x += 2) if (!blocked[y * width + x]) sources.push(y * width + x);
  const found = [];
  for (let y = 6; y < height - 6; y += 6) {
    for (let x = 6; x < width - 6; x += 6) if (mask.data[y * width + x] > 0) found.push(Math.sqrt(nearest(grey, width, y * width + x, sources) / 49));
  }
  return found.reduce((sum, value) => sum + value, 0) / found.length;
}

function nearest(grey, width, target, sources) {
  let best = Number.POSITIVE_INFINITY;
  for (const source of sources) {
    let sum = 0;
    for (let j = -3; j <= 3 && sum < best; j++) for (let i = -3; i <= 3; i++) sum += (grey[target + j * width + i] - grey[source + j * width + i]) ** 2;
    best = Math.min(best, sum);
  }
  return best;
}

/** The mask widened (or, under 0, narrowed) by a square of that radius: 1 = inside. */
function shifted({ width, height, data }, radius) {
  const wanted = radius > 0 ? 1 : 0;
  const out = Uint8Array.from(data, (value) => (value > 0 ? 1 : 0));
  const reach = Math.abs(radius);
  for (const [step, length, count, next] of [
    [1, width, height, width],
    [width, height, width, 1],
  ]) {
    for (let line = 0; line < count; line++) {
      const before = Array.from({ length }, (_, i) => out[line * next + i * step]);
      for (let i = 0; i < length; i++) {
        for (let k = Math.max(0, i - reach); k <= Math.min(length - 1, i + reach); k++) if (before[k] === wanted) out[line * next + i * step] = wanted;
      }
    }
  }
  return out;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
