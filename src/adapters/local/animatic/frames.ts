import type { Picture, Plane } from './planes.ts';
import type { View } from './stage.ts';
import { TurnedSampler } from './turned.ts';
import { WindowSampler } from './window.ts';

/** One output frame: planar yuv420p, BT.709, limited range; views into one buffer of width * height * 3 / 2 bytes. */
export interface Frame {
  width: number;
  height: number;
  bytes: Uint8Array;
  y: Uint8ClampedArray;
  u: Uint8ClampedArray;
  v: Uint8ClampedArray;
}

/** An empty frame; width and height are even. */
export function createFrame(width: number, height: number): Frame {
  const buffer = new ArrayBuffer((width * height * 3) / 2);
  const luma = width * height;
  return {
    width,
    height,
    bytes: new Uint8Array(buffer),
    y: new Uint8ClampedArray(buffer, 0, luma),
    u: new Uint8ClampedArray(buffer, luma, luma / 4),
    v: new Uint8ClampedArray(buffer, (luma * 5) / 4, luma / 4),
  };
}

interface Samplers<T> {
  y: T;
  u: T;
  v: T;
}

/** Draws views of one picture; `scale` is decoded pixels per reference pixel, because large references are decoded smaller. */
export class ViewPainter {
  readonly #picture: Picture;
  readonly #scale: number;
  readonly #width: number;
  readonly #height: number;
  #upright: Samplers<WindowSampler> | undefined;
  #turned: Samplers<TurnedSampler> | undefined;

  constructor(picture: Picture, scale: number, width: number, height: number) {
    this.#picture = picture;
    this.#scale = scale;
    this.#width = width;
    this.#height = height;
  }

  paint(view: View, frame: Frame): void {
    const step = (view.width * this.#scale) / this.#width;
    const centre = [view.x * this.#scale - 0.5, view.y * this.#scale - 0.5] as const;
    if (view.roll === 0) this.#paintUpright(centre, step, frame);
    else this.#paintTurned(centre, step, view.roll, frame);
  }

  #paintUpright([x, y]: readonly [number, number], step: number, frame: Frame): void {
    const luma = { originX: x - (step * (this.#width - 1)) / 2, originY: y - (step * (this.#height - 1)) / 2, step };
    const chroma = { originX: chromaX(luma.originX), originY: chromaY(luma.originY, step), step };
    this.#upright ??= this.#open(WindowSampler);
    this.#upright.y.sample(luma, frame.y);
    this.#upright.u.sample(chroma, frame.u);
    this.#upright.v.sample(chroma, frame.v);
  }

  #paintTurned([x, y]: readonly [number, number], step: number, roll: number, frame: Frame): void {
    // The picture turns clockwise by `roll`, so the window turns the other way.
    const cos = Math.cos(roll) * step;
    const sin = Math.sin(roll) * step;
    const alongX = [cos, -sin] as const;
    const alongY = [sin, cos] as const;
    const corner = (columns: number, rows: number): [number, number] => [
      x - columns * alongX[0] - rows * alongY[0],
      y - columns * alongX[1] - rows * alongY[1],
    ];
    const luma = corner((this.#width - 1) / 2, (this.#height - 1) / 2);
    // First chroma sample: half a row below the first luma sample (left-sited), in half-size coordinates.
    const first = [(luma[0] + alongY[0] / 2 - 0.5) / 2, (luma[1] + alongY[1] / 2 - 0.5) / 2] as const;
    this.#turned ??= this.#open(TurnedSampler);
    this.#turned.y.sample({ origin: luma, alongX, alongY }, frame.y);
    this.#turned.u.sample({ origin: first, alongX, alongY }, frame.u);
    this.#turned.v.sample({ origin: first, alongX, alongY }, frame.v);
  }

  #open<T>(Sampler: new (plane: Plane, width: number, height: number) => T): Samplers<T> {
    const { y, u, v } = this.#picture;
    const [halfWidth, halfHeight] = [this.#width / 2, this.#height / 2];
    return { y: new Sampler(y, this.#width, this.#height), u: new Sampler(u, halfWidth, halfHeight), v: new Sampler(v, halfWidth, halfHeight) };
  }
}

/**
 * H.264's 4:2:0 puts chroma on the left column and between the two rows of its four pixels (ITU-T H.264, chroma_sample_loc_type 0);
 * the picture's chroma lies in the middle of both.
 */
function chromaX(lumaOrigin: number): number {
  return (lumaOrigin - 0.5) / 2;
}

function chromaY(lumaOrigin: number, step: number): number {
  return (lumaOrigin + step / 2 - 0.5) / 2;
}
