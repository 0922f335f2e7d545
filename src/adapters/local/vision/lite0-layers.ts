import type { KernelSpace } from './kernel.ts';
import { readWeights } from './weights.ts';

/** Blocks of a stage, stride of its first, and side of its depthwise kernels (EfficientNet-lite0, as in models/build.py). */
const STAGES = [
  { blocks: 1, stride: 1, side: 3 },
  { blocks: 2, stride: 2, side: 3 },
  { blocks: 2, stride: 2, side: 5 },
  { blocks: 3, stride: 2, side: 3 },
  { blocks: 3, stride: 1, side: 5 },
  { blocks: 4, stride: 2, side: 5 },
  { blocks: 1, stride: 1, side: 3 },
];

/** The stage after which the features are `cells`. */
const CELLS_STAGE = 4;

/** The first convolution's patch of 3 x 3 x 3 numbers. */
export const PATCH = 27;

const CLASSES = 1000;

/** A matrix in the kernel's order, 8 bits a weight, and what is added. */
export interface Product {
  codes: number;
  /** What a channel's codes are multiplied with. */
  scales: number;
  bias: number;
  depth: number;
  channels: number;
}

export interface Depthwise {
  weights: number;
  bias: number;
  channels: number;
  side: number;
  stride: number;
}

export interface Block {
  expand: Product | undefined;
  depthwise: Depthwise;
  project: Product;
  hasSkip: boolean;
  givesCells: boolean;
}

export interface Layers {
  stem: Product;
  blocks: Block[];
  head: Product;
  projection: Product;
  classifier: Product;
  /** The mean of the classifier's rows. */
  meanClass: { weights: Float32Array; bias: number };
}

/** Puts the weights of models/vision.onnx into a kernel's memory. Throws a plain Error where the file is another model. */
export function readLayers(model: Uint8Array, space: KernelSpace): Layers {
  const file = new WeightFile(readWeights(model));

  function product(name: string, bias: Float32Array | string, order = (matrix: Int8Array) => matrix): Product {
    const { channels, scales, codes } = file.quantised(name);
    const added = typeof bias === 'string' ? file.floats(bias) : bias;
    const places = { codes: space.putCodes(inPanels(order(codes), channels)), scales: space.put(scales), bias: space.put(added) };
    return { ...places, depth: codes.length / channels, channels };
  }

  function depthwise(name: string, side: number, stride: number): Depthwise {
    const { channels, values } = file.dequantised(`${name}_w`);
    return { weights: space.put(transposed(values, channels)), bias: space.put(file.floats(`${name}_b`)), channels, side, stride };
  }

  function block(name: string, { side, stride, hasSkip, givesCells }: { side: number; stride: number; hasSkip: boolean; givesCells: boolean }): Block {
    const expand = file.has(`${name}_expand_conv_b`) ? product(`${name}_expand_conv_w`, `${name}_expand_conv_b`) : undefined;
    const project = product(`${name}_project_conv_w`, `${name}_project_conv_b`);
    return { expand, depthwise: depthwise(`${name}_depthwise_conv`, side, stride), project, hasSkip, givesCells };
  }

  const places = STAGES.flatMap(({ blocks, stride, side }, stage) =>
    Array.from({ length: blocks }, (_, index) => {
      const isFirst = index === 0;
      return { side, stride: isFirst ? stride : 1, hasSkip: !isFirst, givesCells: stage === CELLS_STAGE && index === blocks - 1 };
    }),
  );
  return {
    stem: product('conv_stem_w', 'conv_stem_b', patches),
    blocks: places.map((place, index) => block(`blocks_${index}_`, place)),
    head: product('conv_head_w', 'conv_head_b'),
    projection: product('projection', new Float32Array(384)),
    classifier: product('classifier', 'classifier_b'),
    meanClass: { weights: meanRow(file.dequantised('classifier')), bias: meanRow({ channels: CLASSES, values: file.floats('classifier_b') })[0] },
  };
}

class WeightFile {
  readonly #weights: Map<string, Uint8Array>;

  constructor(weights: Map<string, Uint8Array>) {
    this.#weights = weights;
  }

  has(name: string): boolean {
    return this.#weights.has(name);
  }

  floats(name: string): Float32Array {
    return new Float32Array(this.#bytes(name).buffer);
  }

  /** Rows of a matrix, one for each output channel: int8 times the row's scale. */
  quantised(name: string): { channels: number; scales: Float32Array; codes: Int8Array } {
    const scales = this.floats(`${name}_scale`);
    return { channels: scales.length, scales, codes: new Int8Array(this.#bytes(`${name}_q`).buffer) };
  }

  dequantised(name: string): { channels: number; values: Float32Array } {
    const { channels, scales, codes } = this.quantised(name);
    const depth = codes.length / channels;
    return { channels, values: Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / depth)]) };
  }

  /** A copy, aligned for numbers. */
  #bytes(name: string): Uint8Array {
    const bytes = this.#weights.get(name);
    if (!bytes) throw new Error(`the vision model has no weight ${name}`);
    return new Uint8Array(bytes);
  }
}

function meanRow({ channels, values }: { channels: number; values: Float32Array }): Float32Array {
  const mean = new Float32Array(values.length / channels);
  for (let i = 0; i < values.length; i++) mean[i % mean.length] += values[i] / channels;
  return mean;
}

/** [channels][depth] as [channels / 8][depth][8]. */
function inPanels(matrix: Int8Array, channels: number): Int8Array {
  const depth = matrix.length / channels;
  const panels = new Int8Array(matrix.length);
  for (let c = 0; c < channels; c++) for (let k = 0; k < depth; k++) panels[((c >> 3) * depth + k) * 8 + (c & 7)] = matrix[c * depth + k];
  return panels;
}

/** [channels][rest] as [rest][channels]. */
function transposed(values: Float32Array, channels: number): Float32Array {
  const rest = values.length / channels;
  return Float32Array.from(values, (_, i) => values[(i % channels) * rest + Math.floor(i / channels)]);
}

/** [channels][3 colours][9 places] as [channels][9 places][3 colours]. */
function patches(matrix: Int8Array): Int8Array {
  const ordered = new Int8Array(matrix.length);
  for (let i = 0; i < matrix.length; i++) {
    const place = i % 9;
    const colour = Math.floor(i / 9) % 3;
    ordered[Math.floor(i / PATCH) * PATCH + 3 * place + colour] = matrix[i];
  }
  return ordered;
}
