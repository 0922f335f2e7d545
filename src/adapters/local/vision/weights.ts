/** Numbers of TensorProto's fields in onnx.proto (ONNX 1.18), and of those on the way to it. */
const GRAPH = 7;
const INITIALIZER = 5;
const NAME = 8;
const RAW_DATA = 9;

/** The raw bytes of every weight of an ONNX file by name, little-endian, not copied. Throws a plain Error where the file is no ONNX model or breaks off. */
export function readWeights(model: Uint8Array): Map<string, Uint8Array> {
  const weights = new Map<string, Uint8Array>();
  for (const [graphField, graph] of fieldsOf(model)) {
    if (graphField !== GRAPH) continue;
    for (const [field, tensor] of fieldsOf(graph)) {
      if (field !== INITIALIZER) continue;
      const parts = new Map(fieldsOf(tensor));
      const raw = parts.get(RAW_DATA);
      if (raw) weights.set(new TextDecoder().decode(parts.get(NAME)), raw);
    }
  }
  return weights;
}

/** Fields of a message that have a length (protobuf.dev, "Encoding"); the others are stepped over. */
function* fieldsOf(message: Uint8Array): Generator<[number: number, bytes: Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    for (let value = 0, factor = 1; at < message.length; factor *= 128) {
      const byte = message[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new Error('the model file breaks off');
  };
  while (at < message.length) {
    const tag = varint();
    const wire = tag % 8;
    const length = wire === 2 || wire === 0 ? varint() : wire === 1 ? 8 : 4;
    if (wire === 0) continue;
    if (at + length > message.length) throw new Error('the model file breaks off');
    if (wire === 2) yield [Math.floor(tag / 8), message.subarray(at, at + length)];
    at += length;
  }
}
