// Pictures of which a part is another one: another thing of the class pasted in, an in-painted part, another label. The changed part is 5 to 25 %
// of the picture that a clip shows, and its mean colour stays within 10 delta E (CIE 1976).
import path from 'node:path';
import { digest } from './quality-bases.mjs';
import { cropped, drawing, likeFrame, meanLab, picture, resized } from './quality-pixels.mjs';

const MOST_DELTA_E = 10;
const FEATHER = 0.25;
/** Share of the picture that is changed; clips show windows of .6 to .9 of it. */
const AREAS = [0.06, 0.09, 0.12];
const LABELS = ['NORDIC OAT', 'SOLAR MINT', 'RIVER SALT', 'AMBER COLA', 'POLAR TEA', 'CEDAR SOAP', 'LUNAR GUM', 'DELTA MILK'];

/** An ellipse of the given share of the picture at the box's middle, in the box's shape; 0..1 with a soft edge. */
function ellipse(image, box, area) {
  const shape = Math.min(2, Math.max(0.5, (box.width * image.width) / (box.height * image.height)));
  const ry = Math.sqrt((area * image.width * image.height) / (Math.PI * shape));
  const rx = ry * shape;
  const cx = Math.min(image.width - rx, Math.max(rx, (box.x + box.width / 2) * image.width));
  const cy = Math.min(image.height - ry, Math.max(ry, (box.y + box.height / 2) * image.height));
  const mask = (x, y) => Math.min(1, Math.max(0, (1.12 - Math.hypot((x - cx) / rx, (y - cy) / ry)) / FEATHER));
  return { mask, left: Math.round(cx - rx), top: Math.round(cy - ry), width: Math.round(2 * rx), height: Math.round(2 * ry) };
}

function blendIn(image, region, patch) {
  const data = Uint8Array.from(image.data);
  const shift = [0, 1, 2].map(
    (c) => meanIn(image, region, c) - meanIn(patch, { ...region, left: 0, top: 0, mask: (x, y) => region.mask(x + region.left, y + region.top) }, c),
  );
  for (let y = 0; y < region.height; y++) {
    for (let x = 0; x < region.width; x++) {
      const [px, py] = [x + region.left, y + region.top];
      if (px < 0 || py < 0 || px >= image.width || py >= image.height) continue;
      const part = region.mask(px, py);
      const to = 3 * (py * image.width + px);
      for (let c = 0; c < 3; c++) {
        const value = Math.min(255, Math.max(0, patch.data[3 * (y * patch.width + x) + c] + shift[c]));
        data[to + c] = image.data[to + c] + part * (value - image.data[to + c]);
      }
    }
  }
  return likeFrame(image, data);
}

function meanIn(image, region, channel) {
  let sum = 0;
  let count = 0;
  for (let y = Math.max(0, region.top); y < Math.min(image.height, region.top + region.height); y++) {
    for (let x = Math.max(0, region.left); x < Math.min(image.width, region.left + region.width); x++) {
      if (region.mask(x, y) <= 0.5) continue;
      sum += image.data[3 * (y * image.width + x) + channel];
      count++;
    }
  }
  return sum / Math.max(1, count);
}

/** `undefined` where the colour differs too much or nothing changed. */
function checked(before, after, mask) {
  const [a, b] = [meanLab(before, mask), meanLab(after, mask)];
  const deltaE = Math.hypot(...a.map((value, i) => value - b[i]));
  let difference = 0;
  let count = 0;
  for (let y = 0; y < before.height; y += 2) {
    for (let x = 0; x < before.width; x += 2) {
      if (mask(x, y) <= 0.5) continue;
      const at = 3 * (y * before.width + x);
      difference +=
        Math.abs(before.data[at] - after.data[at]) + Math.abs(before.data[at + 1] - after.data[at + 1]) + Math.abs(before.data[at + 2] - after.data[at + 2]);
      count += 3;
    }
  }
  return deltaE < MOST_DELTA_E && difference / Math.max(1, count) > LEAST_CHANGE ? after : undefined;
}

/** Mean change of a value in the region, of 255: less is nothing that somebody would see. */
const LEAST_CHANGE = 12;

const middle = { x: 0.3, y: 0.3, width: 0.4, height: 0.4 };
const areaOf = (seed) => AREAS[digest(`area ${seed}`)[0] % AREAS.length];

/** Another thing of the class where the subject is. */
export async function objectSwapped(image, donorFile, { data, recogniser, seed }) {
  const donor = await picture(path.join(data, donorFile), 1024);
  const box = (await recogniser.subject(image)) ?? middle;
  const from = (await recogniser.subject(donor)) ?? middle;
  const region = ellipse(image, box, areaOf(seed));
  const part = await cropped(
    donor,
    Math.round(from.x * donor.width),
    Math.round(from.y * donor.height),
    Math.max(8, Math.floor(from.width * donor.width) - 1),
    Math.max(8, Math.floor(from.height * donor.height) - 1),
  );
  return checked(image, blendIn(image, region, await resized(part, region.width, region.height, 'cover')), region.mask);
}

/** Part of the subject painted over with what is around it. */
export async function partPainted(image, { recogniser, inpainter, seed }) {
  const box = (await recogniser.subject(image)) ?? middle;
  const [dx, dy] = [digest(`x ${seed}`)[0] / 255 - 0.5, digest(`y ${seed}`)[0] / 255 - 0.5];
  const off = { ...box, x: box.x + 0.3 * dx * box.width, y: box.y + 0.3 * dy * box.height };
  const { mask } = ellipse(image, off, areaOf(seed));
  const values = new Uint8Array(image.width * image.height);
  for (let y = 0; y < image.height; y++) for (let x = 0; x < image.width; x++) values[y * image.width + x] = Math.round(255 * mask(x, y));
  const { image: painted } = await inpainter.inpaint({ image, mask: { ...image, channels: 1, data: values }, mode: 'remove', seed });
  return checked(image, painted, mask);
}

/** The picture with a label of about 5 % of it on its subject; numbers that differ give other words of the same colours. */
export async function labelled(image, { recogniser, number, seed }) {
  const box = (await recogniser.subject(image)) ?? middle;
  const width = Math.min(image.width * 0.9, Math.sqrt(0.06 * image.width * image.height * 2.4));
  const height = width / 2.4;
  const x = Math.min(image.width - width, Math.max(0, (box.x + box.width / 2) * image.width - width / 2));
  const y = Math.min(image.height - height, Math.max(0, (box.y + box.height / 2) * image.height - height / 2));
  const words = LABELS[(seed + number) % LABELS.length].split(' ');
  const text = words.map(
    (word, i) =>
      `<text x="120" y="${42 + 38 * i}" font-family="DejaVu Sans" font-weight="bold" font-size="38" text-anchor="middle" fill="#f4efe0">${word}</text>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${Math.round(width)}" height="${Math.round(height)}" viewBox="0 0 240 100"><rect width="240" height="100" fill="#7a2430"/>${text.join('')}</svg>`;
  const label = await drawing(svg);
  const data = Uint8Array.from(image.data);
  for (let row = 0; row < label.height; row++) {
    const to = 3 * ((Math.round(y) + row) * image.width + Math.round(x));
    const count = Math.min(label.width, image.width - Math.round(x));
    if (Math.round(y) + row < image.height) data.set(label.data.subarray(3 * row * label.width, 3 * (row * label.width + count)), to);
  }
  return likeFrame(image, data);
}

/** A finished edit of a picture (image, mask, result), where it keeps to the bounds. */
export async function editedResult({ reference, mask, result }, data) {
  const before = await picture(path.join(data, reference), 768);
  const after = await resized(await picture(path.join(data, result), 768), before.width, before.height);
  const marks = await resized(await picture(path.join(data, mask), 768), before.width, before.height);
  const at = (x, y) => marks.data[3 * (y * marks.width + x)] / 255;
  const share = marks.data.reduce((sum, value) => sum + (value > 127 ? 1 : 0), 0) / marks.data.length;
  return share >= 0.05 && share <= 0.25 ? checked(before, after, at) : undefined;
}
