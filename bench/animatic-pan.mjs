// How steady and sharp a slow linear pan is.
import path from 'node:path';
import sharp from 'sharp';
import { decodePicture } from '../dist/adapters/local/animatic/decode.js';
import { renderShot, sizeFor } from '../dist/adapters/local/animatic/shot.js';
import { openEncoder } from '../dist/adapters/local/media/encoder.js';
import { areaSampled, gradient, makeWaves, shiftBetween } from './pan-texture.mjs';

const SIZE = { width: 1280, height: 720 };
const FPS = 24;
const PAN_FRAMES = 60;
const STEP = 0.3;
/** Reference pixels per output pixel: 1.6 lets zoompan cut 2048 x 1152 out of 2560 x 1440. */
const PITCH = 1.6;

/** A linear pan of .3 pixels a frame over a known texture, by us and by zoompan, tracked on the decoded files. */
export async function steadiness({ renderZoompan, media, folder, say }) {
  const { width, height } = SIZE;
  const source = { width: 2560, height: 1440 };
  const waves = makeWaves();
  const reference = path.join(folder, 'texture.png');
  const grey = areaSampled(waves, { ...source, pitch: 1 / PITCH, left: 0, top: 0 });
  const pixels = Buffer.alloc(source.width * source.height * 3);
  for (let at = 0; at < grey.length; at++) pixels.fill(Math.min(Math.max(Math.round(grey[at]), 0), 255), at * 3, at * 3 + 3);
  await sharp(pixels, { raw: { ...source, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(reference);
  const start = { x: 40.25 * PITCH, y: (source.height - height * PITCH) / 2 };
  const files = { ours: path.join(folder, 'pan.mp4'), zoompan: path.join(folder, 'pan-zoompan.mp4') };
  await renderPan(reference, source, start, files.ours);
  const move = { zoom: source.width / (width * PITCH), x: `${start.x}+${STEP * PITCH}*on`, y: start.y };
  await renderZoompan({ picture: reference, output: files.zoompan, width, height, fps: FPS, frames: PAN_FRAMES, ...move });
  const figures = {};
  for (const [name, file] of Object.entries(files)) {
    figures[name] = await measurePan(media, file, { width, height, waves, start });
    say(`pan, ${name}: ${JSON.stringify(figures[name])}`);
  }
  return figures;
}

/** Our renderer and encoder as they are, with a path of constant speed instead of an eased one. */
async function renderPan(reference, source, start, output) {
  const { width, height } = SIZE;
  const camera = { move: 'pan right', speed: 'very slow', fullRange: false, notes: [] };
  const plan = { width, height, fps: FPS, frames: PAN_FRAMES, seed: 1, camera, effects: [] };
  const view = { y: start.y + (height * PITCH) / 2, width: width * PITCH, roll: 0 };
  const at = (progress) => ({ ...view, x: start.x + (width * PITCH) / 2 + progress * (PAN_FRAMES - 1) * STEP * PITCH });
  const way = { at, minWidth: view.width, maxWidth: view.width, notes: [] };
  const image = await decodePicture(reference, sizeFor(way, plan, source));
  const shot = renderShot(plan, { source, path: way, image });
  const encoder = await openEncoder({ path: output, width, height, fps: FPS }, 'node-av');
  for (let index = 0; index < PAN_FRAMES; index++) await encoder.write(Uint8Array.from(shot.draw(index).bytes));
  await encoder.finish();
}

async function measurePan(media, file, { width, height, waves, start }) {
  const shifts = [];
  const sharpness = [];
  let before;
  await media.scan(file, { width, height, format: 'gray' }, ({ index, image }) => {
    const luma = Float32Array.from(image.data);
    if (before) shifts.push(shiftBetween(before, luma, width, height, before && shifts.length > 0 ? -STEP : 0));
    if (index % 12 === 5) {
      const ideal = areaSampled(waves, { width, height, pitch: 1, left: start.x / PITCH + index * STEP, top: start.y / PITCH });
      sharpness.push(gradient(luma, width, height) / gradient(ideal, width, height));
    }
    before = luma;
  });
  const mean = shifts.reduce((sum, value) => sum + value, 0) / shifts.length;
  const deviation = Math.sqrt(shifts.reduce((sum, value) => sum + (value - mean) ** 2, 0) / shifts.length);
  return { shiftErrorPx: round3(deviation), meanShiftPx: round3(mean), sharpness: round3(sharpness.reduce((sum, value) => sum + value, 0) / sharpness.length) };
}

function round3(value) {
  return Number(value.toFixed(3));
}
