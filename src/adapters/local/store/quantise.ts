import { AppError } from '../../../errors.ts';

/** Largest int16 code: 127 x 256, so that its rounded upper byte fits an int8. */
const LARGEST_CODE = 32512;

/** The vector at unit length; a zero vector stays. INVALID_INPUT where a component is not finite. */
export function unitLength(vector: Float32Array): Float64Array {
  let squares = 0;
  for (const x of vector) squares += x * x;
  if (!Number.isFinite(squares))
    throw new AppError('INVALID_INPUT', 'A vector has a component that is not a finite number.', { hint: 'Embed the picture again.' });
  const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  const unit = new Float64Array(vector.length);
  for (let i = 0; i < unit.length; i++) unit[i] = vector[i] * factor;
  return unit;
}

/**
 * Components of the unit vector as int16 (component = code x scale), as they are stored. The cosine of two vectors changes by less than 1e-4
 * (rounding moves a component by at most scale / 2, and the test of `nearest` measures it).
 */
export function quantise(vector: Float32Array): { code: Uint8Array; scale: number } {
  const unit = unitLength(vector);
  let largest = 0;
  for (const x of unit) largest = Math.max(largest, Math.abs(x));
  const scale = largest / LARGEST_CODE;
  const code = new Int16Array(unit.length);
  if (scale > 0) for (let i = 0; i < code.length; i++) code[i] = Math.round(unit[i] / scale);
  return { code: new Uint8Array(code.buffer), scale };
}

/** The int16 components behind stored bytes. */
export function codeOf(bytes: Uint8Array): Int16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
}
