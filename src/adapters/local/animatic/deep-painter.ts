import type { Nearness } from './depth.ts';
import type { Frame } from './frames.ts';
import type { SubjectLayer } from './layers.ts';
import type { DeepView } from './path.ts';
import type { Picture, Plane } from './planes.ts';
import type { View } from './stage.ts';
import { type Part, type Sampling, WindowSampler } from './window.ts';

/** Draws views of one picture whose rows lie at different depths, and its cut-out subject over it. */
export class DeepPainter {
  readonly #size: { width: number; height: number };
  readonly #scale: number;
  readonly #nearness: Float64Array;
  readonly #backdrop: readonly WindowSampler[];
  readonly #planes: readonly Plane[];
  readonly #subject: SubjectPainter | undefined;

  /** `scale` is decoded pixels per reference pixel. */
  constructor(picture: Picture, scale: number, size: { width: number; height: number }, depth: { nearness: Nearness; subject?: SubjectLayer | undefined }) {
    const { y, u, v } = picture;
    this.#size = size;
    this.#scale = scale;
    this.#nearness = Float64Array.from({ length: y.height }, (_, row) => depth.nearness((row + 0.5) / y.height));
    this.#planes = [y, u, v];
    this.#backdrop = this.#planes.map((plane, index) => new WindowSampler(plane, size.width >> Math.min(index, 1), size.height >> Math.min(index, 1)));
    this.#subject = depth.subject && new SubjectPainter(depth.subject, size);
  }

  paint(views: DeepView, frame: Frame): void {
    const rows = this.#nearness.length;
    const originX = new Float64Array(rows);
    const stepX = new Float64Array(rows);
    /** Output row on which each source row lies. */
    const placed = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const { originX: left, originY: top, step } = this.#window(between(views.far, views.near, this.#nearness[row]));
      originX[row] = left;
      stepX[row] = step;
      placed[row] = (row - top) / step;
    }
    const rowAt = inverse(placed);
    const [luma, ...chroma] = this.#backdrop;
    luma.sampleRows({ originX, stepX, rowsY: Float64Array.from({ length: frame.height }, (_, y) => rowAt(y)) }, frame.y);
    // Chroma lies on the left column and between the two rows of its four pixels; see frames.ts.
    const rowsY = Float64Array.from({ length: frame.height / 2 }, (_, y) => (rowAt(2 * y + 0.5) - 0.5) / 2);
    const halfRows = this.#planes[1].height;
    const lumaRow = (row: number) => Math.min(2 * row + 0.5, rows - 1);
    const half = {
      originX: Float64Array.from({ length: halfRows }, (_, row) => (valueAt(originX, lumaRow(row)) - 0.5) / 2),
      stepX: Float64Array.from({ length: halfRows }, (_, row) => valueAt(stepX, lumaRow(row))),
      rowsY,
    };
    chroma[0].sampleRows(half, frame.u);
    chroma[1].sampleRows(half, frame.v);
    this.#subject?.paint(this.#window(views.subject), frame);
  }

  #window(view: View): Sampling {
    const { width, height } = this.#size;
    const step = (view.width * this.#scale) / width;
    return { originX: view.x * this.#scale - 0.5 - (step * (width - 1)) / 2, originY: view.y * this.#scale - 0.5 - (step * (height - 1)) / 2, step };
  }
}

function between(far: View, near: View, share: number): View {
  const mix = (a: number, b: number) => a + (b - a) * share;
  return { x: mix(far.x, near.x), y: mix(far.y, near.y), width: mix(far.width, near.width), roll: 0 };
}

/** A value between two entries. */
function valueAt(values: Float64Array, position: number): number {
  const index = Math.min(Math.max(Math.floor(position), 0), values.length - 2);
  return values[index] + (values[index + 1] - values[index]) * (position - index);
}

/** The position at which rising values reach a value asked for; to be asked with rising values. */
function inverse(values: Float64Array): (value: number) => number {
  let index = 0;
  return (value) => {
    while (index > 0 && values[index] > value) index--;
    while (index < values.length - 2 && values[index + 1] < value) index++;
    return index + (value - values[index]) / (values[index + 1] - values[index]);
  };
}

class SubjectPainter {
  readonly #layer: SubjectLayer;
  readonly #size: { width: number; height: number };
  readonly #luma: readonly [colour: WindowSampler, matte: WindowSampler];
  readonly #chroma: readonly [u: WindowSampler, v: WindowSampler, matte: WindowSampler];

  constructor(layer: SubjectLayer, size: { width: number; height: number }) {
    const { colours, matte, halfMatte } = layer;
    const open = (plane: Plane, half: number) => new WindowSampler(plane, size.width / half, size.height / half);
    this.#layer = layer;
    this.#size = size;
    this.#luma = [open(colours.y, 1), open(matte, 1)];
    this.#chroma = [open(colours.u, 2), open(colours.v, 2), open(halfMatte, 2)];
  }

  paint({ originX, originY, step }: Sampling, frame: Frame): void {
    const luma = { originX: originX - this.#layer.left, originY: originY - this.#layer.top, step };
    const part = this.#part(luma);
    if (!part) return;
    const [colour, matte] = this.#luma.map((sampler) => sampler.samplePart(luma, part));
    cover(frame.y, frame.width, part, colour, matte);
    const chroma = { originX: (luma.originX - 0.5) / 2, originY: (luma.originY + step / 2 - 0.5) / 2, step };
    const half = { left: part.left / 2, top: part.top / 2, width: part.width / 2, height: part.height / 2 };
    const [u, v, halfMatte] = this.#chroma.map((sampler) => sampler.samplePart(chroma, half));
    cover(frame.u, frame.width / 2, half, u, halfMatte);
    cover(frame.v, frame.width / 2, half, v, halfMatte);
  }

  /** Part of the frame that the crop covers, even numbers; `undefined` where it is out of sight. */
  #part({ originX, originY, step }: Sampling): Part | undefined {
    const { width, height } = this.#layer.matte;
    const even = (value: number) => 2 * Math.floor(value / 2);
    const left = Math.max(0, even(-originX / step));
    const top = Math.max(0, even(-originY / step));
    const right = Math.min(this.#size.width, even((width - originX) / step) + 2);
    const bottom = Math.min(this.#size.height, even((height - originY) / step) + 2);
    return right > left && bottom > top ? { left, top, width: right - left, height: bottom - top } : undefined;
  }
}

interface Samples {
  data: Uint8Array;
  stride: number;
}

/** Lays colours that are multiplied with their matte over a part of a plane. */
function cover(plane: Uint8ClampedArray, stride: number, part: Part, colour: Samples, matte: Samples): void {
  const [shares, colours] = [matte.data, colour.data];
  for (let y = 0; y < part.height; y++) {
    let to = (part.top + y) * stride + part.left;
    let from = y * colour.stride;
    for (const end = to + part.width; to < end; to++, from++) {
      const share = shares[from];
      if (share === 255) plane[to] = colours[from];
      // Division by 255, rounded: exact for products of two bytes.
      else if (share > 0) plane[to] = colours[from] + ((plane[to] * (255 - share) * 257 + 32896) >> 16);
    }
  }
}
