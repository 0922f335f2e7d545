// Writes and assembles the kernels of src/adapters/local/vision/lite0.ts into vision-kernel.ts beside it, once with fused multiply-add (relaxed SIMD)
// and once without. Channels are last (NHWC), 32-bit floats. Needs npx and the package `wabt` (fetched by npx).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const range = (count) => Array.from({ length: count }, (_, index) => index);
const each = (count, line) => range(count).map(line).join('\n');
const locals = (type, names) => names.map((name) => `(local $${name} ${type})`).join(' ');
const params = (names) => names.map((name) => `(param $${name} i32)`).join(' ');
const get = (name) => `(local.get $${name})`;
const set = (name, value) => `(local.set $${name} ${value})`;
const add = (one, other) => `(i32.add ${one} ${other})`;
const sub = (one, other) => `(i32.sub ${one} ${other})`;
const times = (one, other) => `(i32.mul ${one} ${other})`;
const bytes = (name) => `(i32.shl ${get(name)} (i32.const 2))`;
const step = (name, by) => set(name, add(get(name), by));
const load = (at, offset) => `(v128.load offset=${offset} ${get(at)})`;
const clip = (value) => `(f32x4.min (f32x4.max ${value} ${get('low')}) ${get('high')})`;
/** The greater of two signed integers that are cheap to compute twice. */
const greater = (one, other) => `(select ${one} ${other} (i32.gt_s ${one} ${other}))`;
const lesser = (one, other) => `(select ${one} ${other} (i32.lt_s ${one} ${other}))`;

/**
 * out[row][c] = clip(bias[c] + sum over k of in[row][k] x weights[c / 8][k][c % 8]) + skip[row][c] (where skip is not 0), ROWS rows at a time, so that
 * up to ROWS - 1 rows beyond the last are read and written. Channels are a multiple of 8. A row of out and skip has `stride` numbers: channels,
 * or more where only some panels of the weights are given.
 */
function product(fused, ROWS) {
  const multiplyAdd = (sum, one, other) => (fused ? `(f32x4.relaxed_madd ${one} ${other} ${sum})` : `(f32x4.add (f32x4.mul ${one} ${other}) ${sum})`);
  const sums = range(ROWS).flatMap((row) => [`sum${row}a`, `sum${row}b`]);
  const store = (row) => `
    ${set('a', clip(get(`sum${row}a`)))} ${set('b', clip(get(`sum${row}b`)))}
    (if ${get('skip')} (then
      ${set('at', add(get('out'), sub(get('skip'), get('outStart'))))}
      ${set('a', `(f32x4.add ${get('a')} ${load('at', 0)})`)} ${set('b', `(f32x4.add ${get('b')} ${load('at', 16)})`)}))
    (v128.store ${get('out')} ${get('a')}) (v128.store offset=16 ${get('out')} ${get('b')})
    ${step('out', bytes('stride'))}`;
  return `(func (export "product") ${params(['in', 'weights', 'bias', 'skip', 'out', 'rows', 'depth', 'channels', 'stride'])} (param $least f32) (param $most f32)
    ${locals('i32', ['weight', 'panel', 'k', 'at', 'outStart', 'outRow', ...range(ROWS).map((row) => `in${row}`)])}
    ${locals('v128', ['low', 'high', 'a', 'b', 'value', ...sums])}
    ${set('low', `(f32x4.splat ${get('least')})`)} ${set('high', `(f32x4.splat ${get('most')})`)} ${set('outStart', get('out'))}
    (loop $tiles
      ${set('outRow', get('out'))} ${set('weight', get('weights'))} ${set('panel', '(i32.const 0)')}
      (loop $panels
        ${set('at', add(get('bias'), bytes('panel')))}
        ${each(ROWS, (row) => `${set(`sum${row}a`, load('at', 0))} ${set(`sum${row}b`, load('at', 16))}`)}
        ${set('in0', get('in'))}
        ${each(ROWS - 1, (row) => set(`in${row + 1}`, add(get(`in${row}`), bytes('depth'))))}
        ${set('k', get('depth'))}
        (loop $k
          ${set('a', load('weight', 0))} ${set('b', load('weight', 16))}
          ${each(
            ROWS,
            (row) => `${set('value', `(v128.load32_splat ${get(`in${row}`)})`)}
          ${set(`sum${row}a`, multiplyAdd(get(`sum${row}a`), get('value'), get('a')))}
          ${set(`sum${row}b`, multiplyAdd(get(`sum${row}b`), get('value'), get('b')))}
          ${step(`in${row}`, '(i32.const 4)')}`,
          )}
          ${step('weight', '(i32.const 32)')}
          (br_if $k ${`(local.tee $k ${sub(get('k'), '(i32.const 1)')})`}))
        ${set('out', add(get('outRow'), bytes('panel')))}
        ${each(ROWS, store)}
        ${step('panel', '(i32.const 8)')}
        (br_if $panels (i32.lt_u ${get('panel')} ${get('channels')})))
      ${step('in', times(bytes('depth'), `(i32.const ${ROWS})`))}
      ${set('out', add(get('outRow'), times(bytes('stride'), `(i32.const ${ROWS})`)))}
      ${set('rows', sub(get('rows'), `(i32.const ${ROWS})`))}
      (br_if $tiles (i32.gt_s ${get('rows')} (i32.const 0)))))`;
}

/**
 * Each channel with its own side x side weights [side][side][channels], zeros outside, clipped to 0..6. Channels are a multiple of 16. Three columns at
 * a time where all they read is inside, else one.
 */
function depthwise(fused) {
  const edges = (axis, from, length) => `
    ${set(`${axis}0`, greater('(i32.const 0)', sub('(i32.const 0)', get(from))))}
    ${set(`${axis}1`, lesser(get('side'), sub(get(length), get(from))))}`;
  const lastRead = add(add(get('left'), times(get('stride'), '(i32.const 2)')), get('side'));
  const threeInside = `(i32.and (i32.ge_s ${get('left')} (i32.const 0)) (i32.le_s ${lastRead} ${get('width')}))`;
  return `(func (export "depthwise") ${params(['in', 'weights', 'bias', 'out', 'height', 'width', 'channels', 'outHeight', 'outWidth', 'side', 'stride', 'pad'])}
    ${locals('i32', ['y', 'x', 'top', 'left', 'y0', 'y1', 'x0', 'x1', 'ky', 'kx', 'c', 'inAt', 'weightAt', 'inRow', 'weightRow', 'weight'])}
    ${locals('i32', ['apart', 'in0', 'in1', 'in2', 'out0', 'out1', 'out2'])}
    ${locals('v128', ['low', 'high', 'weight0', 'weight1', 'weight2', 'weight3', ...range(3).flatMap((x) => range(4).map((part) => `sum${x}${part}`))])}
    ${set('high', '(v128.const f32x4 6 6 6 6)')} ${set('apart', times(get('stride'), bytes('channels')))}
    (loop $rows
      ${set('top', sub(times(get('y'), get('stride')), get('pad')))} ${edges('y', 'top', 'height')} ${set('x', '(i32.const 0)')}
      (loop $columns
        ${set('left', sub(times(get('x'), get('stride')), get('pad')))} ${edges('x', 'left', 'width')}
        ${set('inAt', add(get('in'), times(add(times(add(get('top'), get('y0')), get('width')), add(get('left'), get('x0'))), bytes('channels'))))}
        ${set('weightAt', add(get('weights'), times(add(times(get('y0'), get('side')), get('x0')), bytes('channels'))))}
        (if ${threeInside} (then ${depthwiseColumns(fused, 3, 2)}) (else ${depthwiseColumns(fused, 1, 4)}))
        (br_if $columns (i32.lt_u ${get('x')} ${get('outWidth')})))
      ${step('y', '(i32.const 1)')}
      (br_if $rows (i32.lt_u ${get('y')} ${get('outHeight')}))))`;
}

/** So many columns of the output from x on, so many vectors of their channels at a time. */
function depthwiseColumns(fused, columns, vectors) {
  const multiplyAdd = (sum, one, other) => (fused ? `(f32x4.relaxed_madd ${one} ${other} ${sum})` : `(f32x4.add (f32x4.mul ${one} ${other}) ${sum})`);
  const eachSum = (line) => each(columns, (x) => each(vectors, (part) => line(`sum${x}${part}`, x, part)));
  return `
        ${set('c', '(i32.const 0)')} ${set('out0', get('out'))}
        ${each(columns - 1, (x) => set(`out${x + 1}`, add(get(`out${x}`), bytes('channels'))))}
        (loop $channels
          ${set('inRow', add(get('bias'), get('c')))}
          ${eachSum((sum, _, part) => set(sum, load('inRow', 16 * part)))}
          ${set('inRow', add(get('inAt'), get('c')))} ${set('weightRow', add(get('weightAt'), get('c')))} ${set('ky', get('y0'))}
          (loop $ky
            ${set('in0', get('inRow'))} ${set('weight', get('weightRow'))} ${set('kx', get('x0'))}
            ${each(columns - 1, (x) => set(`in${x + 1}`, add(get(`in${x}`), get('apart'))))}
            (loop $kx
              ${each(vectors, (part) => set(`weight${part}`, load('weight', 16 * part)))}
              ${eachSum((sum, x, part) => set(sum, multiplyAdd(get(sum), load(`in${x}`, 16 * part), get(`weight${part}`))))}
              ${each(columns, (x) => step(`in${x}`, bytes('channels')))} ${step('weight', bytes('channels'))} ${step('kx', '(i32.const 1)')}
              (br_if $kx (i32.lt_s ${get('kx')} ${get('x1')})))
            ${step('inRow', times(get('width'), bytes('channels')))} ${step('weightRow', times(get('side'), bytes('channels')))} ${step('ky', '(i32.const 1)')}
            (br_if $ky (i32.lt_s ${get('ky')} ${get('y1')})))
          ${eachSum((sum, x, part) => `(v128.store offset=${16 * part} ${get(`out${x}`)} ${clip(get(sum))})`)}
          ${each(columns, (x) => step(`out${x}`, `(i32.const ${16 * vectors})`))} ${step('c', `(i32.const ${16 * vectors})`)}
          (br_if $channels (i32.lt_u ${get('c')} ${bytes('channels')})))
        ${set('out', get(`out${columns - 1}`))} ${step('x', `(i32.const ${columns})`)}`;
}

/** to[k][c] = codes[k][c] x scales[c] for a panel of 8 channels: its 8-bit weights as numbers. */
const widen = () => `(func (export "widen") ${params(['codes', 'scales', 'to', 'depth'])}
    ${locals('v128', ['a', 'b', 'codes8'])}
    ${set('a', load('scales', 0))} ${set('b', load('scales', 16))}
    (loop $k
      ${set('codes8', `(v128.load8x8_s ${get('codes')})`)}
      (v128.store ${get('to')} (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_low_i16x8_s ${get('codes8')})) ${get('a')}))
      (v128.store offset=16 ${get('to')} (f32x4.mul (f32x4.convert_i32x4_s (i32x4.extend_high_i16x8_s ${get('codes8')})) ${get('b')}))
      ${step('codes', '(i32.const 8)')} ${step('to', '(i32.const 32)')}
      (br_if $k (local.tee $depth ${sub(get('depth'), '(i32.const 1)')}))))`;

function assemble(fused, rows) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-kernel-'));
  const [text, binary] = ['kernel.wat', 'kernel.wasm'].map((name) => path.join(scratch, name));
  writeFileSync(text, `(module (memory (export "memory") 1 65536) ${product(fused, rows)} ${depthwise(fused)} ${widen()})`);
  const options = fused ? ['--enable-relaxed-simd'] : [];
  execFileSync('npx', ['--yes', '--package=wabt@1.0.39', 'wat2wasm', ...options, text, '-o', binary], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const base64 = readFileSync(binary).toString('base64');
  rmSync(scratch, { recursive: true });
  return base64;
}

/**
 * V8 (11 to 13) loads all that a loop's body reads before it computes, so the sums, the weights and the values of one step must fit the 15 registers it
 * has: 4 rows x 2 vectors + 2 + 4. With 6 rows, or with the loop unrolled, it spills and is a quarter slower (measured).
 */
const ROWS = 4;
writeFileSync(
  path.join(import.meta.dirname, '../src/adapters/local/vision/vision-kernel.ts'),
  `/** Written by scripts/build-vision-kernel.mjs, which says what the functions do. */

/** \`product\` works on this many rows at a time. */
export const KERNEL_ROWS = ${ROWS};

export const FUSED_KERNEL_BASE64 =
  '${assemble(true, ROWS)}';

export const PLAIN_KERNEL_BASE64 =
  '${assemble(false, ROWS)}';
`,
);
