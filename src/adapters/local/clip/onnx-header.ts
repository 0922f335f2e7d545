import { closeSync, openSync, readSync } from 'node:fs';

/** A named input or output of a graph. */
export interface GraphValue {
  name: string;
  /** Number of TensorProto.DataType: 1 = float32, 6 = int32, 7 = int64. */
  elementType: number;
  /** `undefined` for a side that is chosen when the graph runs. */
  shape: (number | undefined)[];
}

/** What a model file says of itself. */
export interface GraphHeader {
  /** Without the weights, which old files list among the inputs. */
  inputs: GraphValue[];
  outputs: GraphValue[];
  /** True where weights stand in other files (`*.onnx_data`). */
  externalData: boolean;
}

/** Fields looked at before a file counts as broken; a base-size model has some thousand. */
const MOST_FIELDS = 200_000;

/** Bytes read at a time: enough for the few fields around a weight, little beside the weight that is skipped. */
const WINDOW_BYTES = 4096;

/** Names longer than this are no names. */
const LONGEST_NAME = 512;

/** Field numbers of onnx.proto (ONNX 1.18, onnx/onnx.proto). */
const MODEL = { graph: 7 };
const GRAPH = { initializer: 5, input: 11, output: 12 };
const TENSOR = { name: 8, dataLocation: 14 };
const EXTERNAL = 1;

/**
 * Reads inputs and outputs of an ONNX file without its weights: a few thousand small reads. Throws a plain Error where the file is no
 * ONNX model or breaks off.
 */
export function readGraphHeader(path: string): GraphHeader {
  const file = openSync(path, 'r');
  try {
    const reader = new Reader(file);
    const header: GraphHeader = { inputs: [], outputs: [], externalData: false };
    for (const field of reader.fields(0, Number.POSITIVE_INFINITY)) if (field.number === MODEL.graph) readGraph(reader, field, header);
    if (header.inputs.length === 0 || header.outputs.length === 0) throw new Error('no graph with inputs and outputs');
    return header;
  } finally {
    closeSync(file);
  }
}

function readGraph(reader: Reader, graph: Field, header: GraphHeader): void {
  const weights = new Set<string>();
  const inputs: GraphValue[] = [];
  for (const field of reader.fields(graph.start, graph.end)) {
    if (field.number === GRAPH.initializer) {
      for (const part of reader.fields(field.start, field.end)) {
        if (part.number === TENSOR.name) weights.add(reader.text(part));
        if (part.number === TENSOR.dataLocation && part.value === EXTERNAL) header.externalData = true;
      }
    } else if (field.number === GRAPH.input) inputs.push(readValue(reader, field));
    else if (field.number === GRAPH.output) header.outputs.push(readValue(reader, field));
  }
  header.inputs.push(...inputs.filter(({ name }) => !weights.has(name)));
}

/** ValueInfoProto: name = 1, type = 2; TypeProto: tensor_type = 1; Tensor: elem_type = 1, shape = 2; shape: dim = 1; dim: dim_value = 1. */
function readValue(reader: Reader, field: Field): GraphValue {
  const name = reader.find(field, 1);
  const tensor = reader.find(reader.find(field, 2), 1);
  const shape = reader.find(tensor, 2);
  const sides = shape ? [...reader.fields(shape.start, shape.end)].filter(({ number }) => number === 1) : [];
  return {
    name: name ? reader.text(name) : '',
    elementType: reader.find(tensor, 1)?.value ?? 0,
    shape: sides.map((side) => reader.find(side, 1)?.value),
  };
}

/** One field of a message: its bytes [start, end) where it has a length, else its value. */
interface Field {
  number: number;
  start: number;
  end: number;
  value?: number;
}

/** Protocol buffers wire format (protobuf.dev, "Encoding"), as much of it as headers need. */
class Reader {
  readonly #file: number;
  readonly #window = Buffer.alloc(WINDOW_BYTES);
  #from = 0;
  #length = 0;
  #fields = 0;

  constructor(file: number) {
    this.#file = file;
  }

  *fields(start: number, end: number): Generator<Field> {
    let at = start;
    while (at < end) {
      if (end === Number.POSITIVE_INFINITY && this.#byte(at) === undefined) return;
      if (++this.#fields > MOST_FIELDS) throw new Error('too many fields');
      const tag = this.#varint(at);
      const number = Math.floor(tag.value / 8);
      const wire = tag.value % 8;
      const fixed = wire === 1 ? 8 : wire === 5 ? 4 : 0;
      const first = wire === 0 || wire === 2 ? this.#varint(tag.next) : { value: fixed, next: tag.next };
      if (wire !== 0 && wire !== 2 && fixed === 0) throw new Error('unknown wire type');
      const next = wire === 0 ? first.next : first.next + first.value;
      if (next > end || (next > first.next && this.#byte(next - 1) === undefined)) throw new Error('the file breaks off');
      yield wire === 0 ? { number, start: at, end: next, value: first.value } : { number, start: first.next, end: next };
      at = next;
    }
  }

  find(message: Field | undefined, number: number): Field | undefined {
    if (message) for (const field of this.fields(message.start, message.end)) if (field.number === number) return field;
    return undefined;
  }

  text({ start, end }: Field): string {
    if (end - start > LONGEST_NAME) throw new Error('a name is too long');
    const bytes = Buffer.alloc(end - start);
    readSync(this.#file, bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  }

  #varint(at: number): { value: number; next: number } {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte(at + i);
      if (byte === undefined) throw new Error('the file breaks off');
      value += (byte & 127) * 2 ** (7 * i);
      if (byte < 128) return { value, next: at + i + 1 };
    }
    throw new Error('a number is too long');
  }

  #byte(at: number): number | undefined {
    if (at < this.#from || at >= this.#from + this.#length) {
      this.#from = at;
      this.#length = Number.isSafeInteger(at) ? readSync(this.#file, this.#window, 0, WINDOW_BYTES, at) : 0;
    }
    return at - this.#from < this.#length ? this.#window[at - this.#from] : undefined;
  }
}
