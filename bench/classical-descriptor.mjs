// What can be had without a model: a histogram of hue, saturation and value over 4 x 4 cells (.4), gradients over 8 x 8 cells (.35), a 16 x 16 thumbnail (.25).
import sharp from 'sharp';

const SIDE = 128;
const CELLS = 4;
const HUES = 8;
const GRADIENT_CELLS = 8;
const ANGLES = 9;
const THUMBNAIL = 16;

export async function classicalView(file) {
  const { data } = await sharp(file)
    .rotate()
    .flatten({ background: '#fff' })
    .resize(SIDE, SIDE, { fit: 'fill' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { colours: unit(hsvHistogram(data)), gradients: unit(gradientHistogram(data)), thumbnail: unit(thumbnail(data)) };
}

export const classicalSimilarity = (a, b) => 0.4 * dot(a.colours, b.colours) + 0.35 * dot(a.gradients, b.gradients) + 0.25 * dot(a.thumbnail, b.thumbnail);

function hsvHistogram(data) {
  const bins = HUES * 3 * 3;
  const histogram = new Float64Array(CELLS * CELLS * bins);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [r, g, b] = [data[3 * i] / 255, data[3 * i + 1] / 255, data[3 * i + 2] / 255];
    const value = Math.max(r, g, b);
    const range = value - Math.min(r, g, b);
    const sector = range === 0 ? 0 : value === r ? ((g - b) / range + 6) % 6 : value === g ? (b - r) / range + 2 : (r - g) / range + 4;
    const hue = Math.min(HUES - 1, Math.floor((sector / 6) * HUES));
    const saturation = Math.min(2, Math.floor((value === 0 ? 0 : range / value) * 3));
    const cell = Math.floor((Math.floor(i / SIDE) * CELLS) / SIDE) * CELLS + Math.floor(((i % SIDE) * CELLS) / SIDE);
    histogram[cell * bins + (hue * 3 + saturation) * 3 + Math.min(2, Math.floor(value * 3))]++;
  }
  return histogram.map(Math.sqrt);
}

const luma = (data, x, y) => {
  const at = 3 * (y * SIDE + x);
  return 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
};

function gradientHistogram(data) {
  const histogram = new Float64Array(GRADIENT_CELLS * GRADIENT_CELLS * ANGLES);
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) {
      const dx = luma(data, x + 1, y) - luma(data, x - 1, y);
      const dy = luma(data, x, y + 1) - luma(data, x, y - 1);
      const angle = Math.floor((((Math.atan2(dy, dx) + Math.PI) % Math.PI) / Math.PI) * ANGLES) % ANGLES;
      const cell = Math.floor((y * GRADIENT_CELLS) / SIDE) * GRADIENT_CELLS + Math.floor((x * GRADIENT_CELLS) / SIDE);
      histogram[cell * ANGLES + angle] += Math.hypot(dx, dy);
    }
  }
  return histogram.map(Math.sqrt);
}

function thumbnail(data) {
  const cells = new Float64Array(THUMBNAIL * THUMBNAIL);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) cells[Math.floor((y * THUMBNAIL) / SIDE) * THUMBNAIL + Math.floor((x * THUMBNAIL) / SIDE)] += luma(data, x, y);
  const mean = cells.reduce((sum, value) => sum + value, 0) / cells.length;
  return cells.map((value) => value - mean);
}

function unit(vector) {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
