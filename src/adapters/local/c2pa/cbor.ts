/** Just enough of CBOR (RFC 8949) for a COSE_Sign1 structure (RFC 9052): definite lengths only. */

export type Cbor = number | string | boolean | null | Uint8Array | Cbor[] | Map<Cbor, Cbor>;

function head(major: number, value: number): Buffer {
  const type = major << 5;
  if (value < 24) return Buffer.from([type | value]);
  if (value < 0x100) return Buffer.from([type | 24, value]);
  if (value < 0x10000) return Buffer.from([type | 25, value >> 8, value & 255]);
  const long = Buffer.alloc(5);
  long[0] = type | 26;
  long.writeUInt32BE(value, 1);
  return long;
}

export function encodeCbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encodeCbor)]);
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [encodeCbor(key), encodeCbor(item)])]);
  return Buffer.from([value === null ? 0xf6 : value ? 0xf5 : 0xf4]);
}

/** A value with its tag number before it. */
export const tagged = (tag: number, value: Cbor): Buffer => Buffer.concat([head(6, tag), encodeCbor(value)]);

function simple(value: number): Cbor {
  if (value > 23) throw new Error('CBOR of a kind that is not read here');
  return value === 22 ? null : value === 21;
}

/** The first value of the bytes, tags left out, byte strings as views of them; throws where they are cut off or hold what is not read here. */
export function decodeCbor(bytes: Uint8Array): Cbor {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > view.length) throw new Error('CBOR is cut off');
    at += length;
    return view.subarray(at - length, at);
  };
  const size = (info: number): number => {
    if (info < 24) return info;
    if (info === 24) return take(1)[0];
    if (info === 25) return take(2).readUInt16BE();
    if (info === 26) return take(4).readUInt32BE();
    if (info === 27) return Number(take(8).readBigUInt64BE());
    throw new Error('CBOR of a kind that is not read here');
  };
  const read = (depth: number): Cbor => {
    if (depth > 16) throw new Error('CBOR is nested too deeply');
    const [first] = take(1);
    const major = first >> 5;
    if (major === 7) return simple(first & 31);
    const length = size(first & 31);
    if (major === 0) return length;
    if (major === 1) return -1 - length;
    if (major === 2) return take(length);
    if (major === 3) return take(length).toString('utf8');
    if (major === 4) return Array.from({ length: Math.min(length, view.length) }, () => read(depth + 1));
    if (major === 6) return read(depth + 1);
    return new Map(Array.from({ length: Math.min(length, view.length) }, () => [read(depth + 1), read(depth + 1)] as const));
  };
  return read(0);
}
