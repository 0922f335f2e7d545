import type { Frame } from '../../src/adapters/local/animatic/frames.ts';
import { planScene, renderShot, type ShotPlan } from '../../src/adapters/local/animatic/shot.ts';
import type { RawImage } from '../../src/ports/pictures.ts';
import type { CameraMove } from '../../src/ports/video.ts';

export const WIDTH = 320;
export const HEIGHT = 180;

export function planOf(move: CameraMove, change: Partial<ShotPlan> = {}): ShotPlan {
  const camera = { move, speed: 'normal' as const, fullRange: false, notes: [] };
  return { width: WIDTH, height: HEIGHT, fps: 24, frames: 24, seed: 3, camera, effects: [], ...change };
}

export function draw(width: number, height: number, colour: (x: number, y: number) => readonly [number, number, number]): RawImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return { width, height, channels: 3, data };
}

/** Grey bumps that do not repeat: the phases of the waves come from a small fixed generator. */
export function texture(width: number, height: number): RawImage {
  let state = 7;
  const random = () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  const waves = Array.from({ length: 40 }, () => ({ kx: (random() - 0.5) * 1.4, ky: (random() - 0.5) * 1.4, phase: random() * 6.3 }));
  return draw(width, height, (x, y) => {
    const value = 128 + 9 * waves.reduce((sum, { kx, ky, phase }) => sum + Math.sin(kx * x + ky * y + phase), 0);
    const grey = Math.min(Math.max(Math.round(value), 0), 255);
    return [grey, grey, grey];
  });
}

export const TEXTURE = texture(420, 280);

export function shotOf(plan: ShotPlan, image: RawImage = TEXTURE) {
  return renderShot(plan, { source: image, path: planScene(plan, image).path, image });
}

/** Copies, because frames are only valid until the next but one. */
export function lumaOf(frame: Frame): Uint8Array {
  return Uint8Array.from(frame.y);
}
