// Dual-encoder graphs of the shapes of SigLIP 2 base (patch 16, 224 px; 12 layers of 768, 12 heads, MLP 3072; attention pooling) with random
// weights: what they compute means nothing, what they cost is the same. `q8` as transformers.js exports it: matrices in 8 bits per tensor,
// activations quantised at run time.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { node, onnxModel, randomWeights, weight } from '../test/fixtures/onnx.mjs';

const WIDTH = 768;
const HEADS = 12;
const MLP = 3072;
const LAYERS = 12;
const PATCH = 16;
const SIDE = 224;
const TOKENS = (SIDE / PATCH) ** 2;
const TEXT_TOKENS = 64;

/** Collects nodes and weights under fresh names. */
class Graph {
  nodes = [];
  weights = [];
  parameters = 0;
  #names = 0;

  constructor(quantised) {
    this.quantised = quantised;
  }

  op(operator, inputs, attributes = {}) {
    const output = `t${this.#names++}`;
    this.nodes.push(node(operator, inputs, [output], attributes));
    return output;
  }

  constant(shape, data) {
    const name = `w${this.#names++}`;
    this.weights.push(weight(name, shape, data));
    return name;
  }

  random(shape, spread = 0.03) {
    const count = shape.reduce((product, side) => product * side, 1);
    this.parameters += count;
    return this.constant(shape, randomWeights(count, spread, 1 + this.#names));
  }

  scalar(value) {
    return this.constant([], Float32Array.of(value));
  }

  shape(...sides) {
    return this.constant([sides.length], BigInt64Array.from(sides, BigInt));
  }

  /** A random int8 matrix and its scale. */
  int8(shape) {
    const count = shape.reduce((product, side) => product * side, 1);
    this.parameters += count;
    const values = new Int8Array(count);
    values.set(randomWeights(count, 127, 1 + this.#names));
    return { values: this.constant(shape, values), scale: this.scalar(0.03 / 127), zero: this.constant([], Int8Array.of(0)) };
  }

  linear(x, from, to) {
    const bias = this.random([to]);
    if (!this.quantised) return this.op('Add', [this.op('MatMul', [x, this.random([from, to])]), bias]);
    const matrix = this.int8([from, to]);
    const [quantised, scale, zero] = [0, 1, 2].map(() => `t${this.#names++}`);
    this.nodes.push(node('DynamicQuantizeLinear', [x], [quantised, scale, zero]));
    const product = this.op('Cast', [this.op('MatMulInteger', [quantised, matrix.values, zero, matrix.zero])], { to: 1 });
    return this.op('Add', [this.op('Mul', [product, this.op('Mul', [scale, matrix.scale])]), bias]);
  }

  norm(x) {
    return this.op('LayerNormalization', [x, this.random([WIDTH]), this.random([WIDTH])], { axis: -1 });
  }

  /** GELU by tanh, as SigLIP has it. */
  gelu(x) {
    const cube = this.op('Mul', [this.op('Mul', [x, x]), x]);
    const inner = this.op('Mul', [this.op('Add', [x, this.op('Mul', [cube, this.scalar(0.044715)])]), this.scalar(Math.sqrt(2 / Math.PI))]);
    return this.op('Mul', [this.op('Mul', [x, this.scalar(0.5)]), this.op('Add', [this.op('Tanh', [inner]), this.scalar(1)])]);
  }

  heads(x, tokens, perm) {
    return this.op('Transpose', [this.op('Reshape', [x, this.shape(1, tokens, HEADS, WIDTH / HEADS)])], { perm });
  }

  attention(queries, queryTokens, x, tokens) {
    const q = this.heads(this.linear(queries, WIDTH, WIDTH), queryTokens, [0, 2, 1, 3]);
    const k = this.heads(this.linear(x, WIDTH, WIDTH), tokens, [0, 2, 3, 1]);
    const v = this.heads(this.linear(x, WIDTH, WIDTH), tokens, [0, 2, 1, 3]);
    const scores = this.op('Mul', [this.op('MatMul', [q, k]), this.scalar((WIDTH / HEADS) ** -0.5)]);
    const mixed = this.op('MatMul', [this.op('Softmax', [scores], { axis: -1 }), v]);
    const joined = this.op('Reshape', [this.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }), this.shape(1, queryTokens, WIDTH)]);
    return this.linear(joined, WIDTH, WIDTH);
  }

  mlp(x) {
    return this.linear(this.gelu(this.linear(x, WIDTH, MLP)), MLP, WIDTH);
  }

  encoder(x, tokens) {
    let state = x;
    for (let layer = 0; layer < LAYERS; layer++) {
      const normed = this.norm(state);
      state = this.op('Add', [state, this.attention(normed, tokens, normed, tokens)]);
      state = this.op('Add', [state, this.mlp(this.norm(state))]);
    }
    return this.norm(state);
  }
}

function imageTower(quantised) {
  const graph = new Graph(quantised);
  const kernel = graph.random([WIDTH, 3, PATCH, PATCH]);
  const patches = graph.op('Conv', ['pixel_values', kernel, graph.random([WIDTH])], { kernel_shape: [PATCH, PATCH], strides: [PATCH, PATCH] });
  const rows = graph.op('Transpose', [graph.op('Reshape', [patches, graph.shape(1, WIDTH, TOKENS)])], { perm: [0, 2, 1] });
  const seen = graph.encoder(graph.op('Add', [rows, graph.random([1, TOKENS, WIDTH])]), TOKENS);
  const pooled = graph.attention(graph.random([1, 1, WIDTH]), 1, seen, TOKENS);
  const head = graph.op('Add', [pooled, graph.mlp(graph.norm(pooled))]);
  return finish(graph, head, { name: 'pixel_values', type: 'float32', shape: ['batch', 3, SIDE, SIDE] });
}

function textTower(quantised, vocabulary) {
  const graph = new Graph(quantised);
  const words = quantised ? dequantised(graph, vocabulary) : graph.op('Gather', [graph.random([vocabulary, WIDTH]), 'input_ids']);
  const seen = graph.encoder(graph.op('Add', [words, graph.random([1, TEXT_TOKENS, WIDTH])]), TEXT_TOKENS);
  const last = graph.op('Slice', [seen, graph.shape(TEXT_TOKENS - 1), graph.shape(TEXT_TOKENS), graph.shape(1)]);
  return finish(graph, graph.linear(last, WIDTH, WIDTH), { name: 'input_ids', type: 'int64', shape: ['batch', TEXT_TOKENS] });
}

function dequantised(graph, vocabulary) {
  const { values, scale, zero } = graph.int8([vocabulary, WIDTH]);
  return graph.op('DequantizeLinear', [graph.op('Gather', [values, 'input_ids']), scale, zero]);
}

function finish(graph, output, input) {
  graph.nodes.push(node('Reshape', [output, graph.shape(1, WIDTH)], ['pooler_output']));
  const model = onnxModel({
    nodes: graph.nodes,
    weights: graph.weights,
    inputs: [input],
    outputs: [{ name: 'pooler_output', type: 'float32', shape: ['batch', WIDTH] }],
  });
  return { model, parameters: graph.parameters };
}

/** Writes one tower; returns its number of parameters and of bytes. `vocabulary` is that of the text tower (SigLIP 2: 256,000). */
export async function writeTower(file, { tower, quantised, vocabulary }) {
  const { model, parameters } = tower === 'image' ? imageTower(quantised) : textTower(quantised, vocabulary);
  const stream = createWriteStream(file);
  let bytes = 0;
  for (const chunk of model) {
    bytes += chunk.length;
    if (!stream.write(chunk)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
  return { parameters, bytes };
}
