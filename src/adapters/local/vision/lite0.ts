import { KernelSpace, openKernel, type VisionKernel } from './kernel.ts';
import { type Block, type Layers, PATCH, type Product, readLayers } from './lite0-layers.ts';
import type { RunRequest, RunResult } from './protocol.ts';
import { cellEvidence, ownClasses } from './softmax.ts';

/** Numbers per point of the half-size picture that the widest layers write: between blocks, expanded (96 at half size), depthwise (144 at a quarter). */
const ROOM = { block: 32, expanded: 96, depthwise: 36 };

/** Channels of which the kernel's order has the weights together; of a large matrix one panel at a time is widened and passes over all rows. */
const PANEL = 8;

/** Weights that stay in the processor's second cache while the rows pass, each row once. */
const SMALL_MATRIX = 16_384;

/** (value - 127) / 128, the preprocessing the weights were trained with (models/build.py). */
const NORMALISED = Float32Array.from({ length: 256 }, (_, value) => (value - 127) / 128);

const FEATURES = 1280;
const CELLS = 112;

/** Numbers with the channels last. */
interface Field {
  at: number;
  height: number;
  width: number;
}

interface Buffers {
  pixels: number;
  blocks: [number, number];
  expanded: number;
  depthwise: number;
  features: number;
  cellLogits: number;
}

/** The packaged model as models/build.py describes it, in WebAssembly; one picture at a time. */
export class Lite0 {
  readonly #space: KernelSpace;
  readonly #layers: Layers;
  readonly #single: { from: number; to: number };
  /** Widened. */
  readonly #weights: number;
  #buffers: Buffers = { pixels: 0, blocks: [0, 0], expanded: 0, depthwise: 0, features: 0, cellLogits: 0 };

  constructor(model: Uint8Array, kernel: VisionKernel = openKernel()) {
    this.#space = new KernelSpace(kernel);
    this.#layers = readLayers(model, this.#space);
    this.#weights = this.#space.take(SMALL_MATRIX);
    this.#single = { from: this.#space.takeRows(1, FEATURES), to: this.#space.takeRows(1, FEATURES) };
  }

  /** RGB bytes of `width` x `height`, both multiples of 32. */
  run(rgb: Uint8Array, { width, height, outputs, evidence }: Pick<RunRequest, 'width' | 'height' | 'outputs' | 'evidence'>): RunResult {
    const buffers = this.#room((width * height) / 4);
    this.#patches(rgb, width, height);
    let field: Field = { at: buffers.blocks[0], height: height / 2, width: width / 2 };
    this.#product(this.#layers.stem, { ...field, at: buffers.expanded }, field.at, { most: 6 });
    const results: RunResult['outputs'] = {};
    for (const block of this.#layers.blocks) {
      field = this.#block(block, field, field.at === buffers.blocks[0] ? buffers.blocks[1] : buffers.blocks[0]);
      if (block.givesCells && outputs.includes('cells')) results.cells = this.#channelsFirst(field, CELLS);
    }
    this.#product(this.#layers.head, field, buffers.features, { most: 6 });
    const features: Field = { ...field, at: buffers.features };
    const pooled = this.#pooled(features);
    const { classifier, projection } = this.#layers;
    const logits = this.#applied(classifier, pooled);
    if (outputs.includes('logits')) results.logits = logits;
    if (outputs.includes('image_embeds')) results.image_embeds = unit(this.#applied(projection, unit(pooled.map(Math.sqrt))));
    if (!evidence) return { outputs: results };
    const map = evidence === 'own' ? this.#ownActivation(features, logits) : cellEvidence(this.#cellLogits(features), evidence);
    return { outputs: results, evidence: map };
  }

  /** Grows with the largest picture. */
  #room(points: number): Buffers {
    if (points <= this.#buffers.pixels) return this.#buffers;
    const space = this.#space;
    this.#buffers = {
      pixels: points,
      blocks: [space.takeRows(points, ROOM.block), space.takeRows(points, ROOM.block)],
      expanded: space.takeRows(points, ROOM.expanded),
      depthwise: space.takeRows(points, ROOM.depthwise),
      features: space.takeRows(points / 256, FEATURES),
      cellLogits: space.takeRows(points / 256, this.#layers.classifier.channels),
    };
    return this.#buffers;
  }

  /** Normalised, as the patches of a 3 x 3 convolution of stride 2. */
  #patches(rgb: Uint8Array, width: number, height: number): void {
    const patches = this.#space.view(this.#buffers.expanded, (width / 2) * (height / 2) * PATCH);
    patches.fill(0);
    for (let y = 0, at = 0; y < height; y += 2) {
      for (let x = 0; x < width; x += 2, at += PATCH) {
        const columns = 3 * Math.min(3, width - x);
        for (let row = 0; row < Math.min(3, height - y); row++) {
          const from = 3 * ((y + row) * width + x);
          for (let i = 0; i < columns; i++) patches[at + 9 * row + i] = NORMALISED[rgb[from + i]];
        }
      }
    }
  }

  #product(product: Product, from: Field, to: number, { least = 0, most, skip = 0 }: { least?: number; most: number; skip?: number }): void {
    const { codes, scales, bias, depth, channels } = product;
    const { kernel } = this.#space;
    const rows = from.height * from.width;
    const block = depth * channels <= SMALL_MATRIX ? channels : PANEL;
    for (let c = 0; c < channels; c += block) {
      for (let panel = 0; panel < block; panel += PANEL) {
        kernel.widen(codes + (c + panel) * depth, scales + 4 * (c + panel), this.#weights + 4 * panel * depth, depth);
      }
      const added = skip && skip + 4 * c;
      kernel.product(from.at, this.#weights, bias + 4 * c, added, to + 4 * c, rows, depth, block, channels, least, most);
    }
  }

  #block({ expand, depthwise, project, hasSkip }: Block, from: Field, to: number): Field {
    const { expanded, depthwise: narrowed } = this.#buffers;
    if (expand) this.#product(expand, from, expanded, { most: 6 });
    const { weights, bias, channels, side, stride } = depthwise;
    const height = from.height / stride;
    const width = from.width / stride;
    // TensorFlow's SAME padding of sides that the stride divides: the smaller half comes first.
    const pad = (side - stride) >> 1;
    const wide = expand ? expanded : from.at;
    this.#space.kernel.depthwise(wide, weights, bias, narrowed, from.height, from.width, channels, height, width, side, stride, pad);
    const field = { at: to, height, width };
    const open = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
    this.#product(project, { ...field, at: narrowed }, to, hasSkip ? { ...open, skip: from.at } : open);
    return field;
  }

  #pooled(features: Field): Float32Array {
    const cells = features.height * features.width;
    const values = this.#space.view(features.at, cells * FEATURES);
    const pooled = new Float32Array(FEATURES);
    for (let i = 0; i < values.length; i += FEATURES) for (let k = 0; k < FEATURES; k++) pooled[k] += values[i + k] / cells;
    return pooled;
  }

  /** `ownActivation` without the logits of every class in every cell: these are linear in the features, so their weighted sum is one product. */
  #ownActivation(features: Field, logits: Float32Array): Float32Array {
    const { classifier, meanClass } = this.#layers;
    const direction = meanClass.weights.map((value) => -value);
    let bias = -meanClass.bias;
    const biases = this.#space.view(classifier.bias, classifier.channels);
    const scales = this.#space.view(classifier.scales, classifier.channels);
    const panels = this.#space.codes(classifier.codes, FEATURES * classifier.channels);
    for (const [index, share] of ownClasses(logits)) {
      bias += share * biases[index];
      const start = (index >> 3) * FEATURES * PANEL + (index & 7);
      for (let k = 0; k < FEATURES; k++) direction[k] += share * scales[index] * panels[start + PANEL * k];
    }
    return Float32Array.from({ length: features.height * features.width }, (_, cell) => {
      const values = this.#space.view(features.at + 4 * cell * FEATURES, FEATURES);
      let sum = bias;
      for (let k = 0; k < FEATURES; k++) sum += direction[k] * values[k];
      return Math.max(0, sum);
    });
  }

  #applied(product: Product, vector: Float32Array): Float32Array {
    const { from, to } = this.#single;
    this.#space.view(from, vector.length).set(vector);
    this.#product(product, { at: from, height: 1, width: 1 }, to, { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY });
    return this.#space.view(to, product.channels).slice();
  }

  #cellLogits(features: Field): Float32Array {
    const at = this.#buffers.cellLogits;
    const { classifier } = this.#layers;
    this.#product(classifier, features, at, { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY });
    return this.#channelsFirst({ ...features, at }, classifier.channels);
  }

  #channelsFirst({ at, height, width }: Field, channels: number): Float32Array {
    const points = height * width;
    const values = this.#space.view(at, points * channels);
    const result = new Float32Array(values.length);
    for (let point = 0, i = 0; point < points; point++) for (let c = 0; c < channels; c++, i++) result[c * points + point] = values[i];
    return result;
  }
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0)) || 1;
  return vector.map((value) => value / length);
}
