// Assembles the kernels of src/adapters/local/store, {scan,seen}-kernel.ts: the one written here, the other in seen.wat beside it. Needs npx and the
// package `wabt` (fetched by npx).
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Rows that are read at a time, each from its own part of the matrix. One core waits for memory: with one stream it gets 7 GB/s, with six 13 (measured,
 * 100,000 x 512 bytes); rows side by side would share pages, and the processor fetches ahead by page.
 */
const STREAMS = 6;

const get = (name) => `(local.get $${name})`;
const set = (name, value) => `(local.set $${name} ${value})`;
const add = (one, other) => `(i32.add ${one} ${other})`;
const step = (name, by) => set(name, add(get(name), `(i32.const ${by})`));
const times = (one, factor) => `(i32.mul ${one} ${factor})`;

/**
 * Dot products of n int8 rows with one int16 query, each times its row's scale: scan(rows: i8[n][d], query: i16[d], scales: f32[n], out: f32[n], n, d).
 * d is a multiple of 16. Every partial sum must fit an int32: |row| x |query| < 2^31 (Euclidean lengths).
 */
function scan() {
  const parameters = ['row', 'query', 'scale', 'out', 'n', 'd'].map((name) => `(param $${name} i32)`).join(' ');
  const rest = (name, bytes) => add(get(name), times(times(get('part'), `(i32.const ${STREAMS})`), bytes));
  return `(module (memory (export "memory") 1 65536)
  (func $one ${parameters} ${streams(1)})
  (func $many ${parameters} ${streams(STREAMS)})
  (func (export "scan") ${parameters} (local $part i32)
    ${set('part', `(i32.div_u ${get('n')} (i32.const ${STREAMS}))`)}
    (call $many ${['row', 'query', 'scale', 'out', 'part', 'd'].map(get).join(' ')})
    (call $one ${rest('row', get('d'))} ${get('query')} ${rest('scale', '(i32.const 4)')} ${rest('out', '(i32.const 4)')}
      (i32.rem_u ${get('n')} (i32.const ${STREAMS})) ${get('d')})))`;
}

/** Body of a function that takes `count` parts of n rows, one after the other in memory, side by side. */
function streams(count) {
  const each = (line) => Array.from({ length: count }, (_, part) => line(part)).join('\n');
  const far = (name, part) => add(get(name), times(get('n4'), `(i32.const ${part})`));
  const lane = (name, index) => `(i32x4.extract_lane ${index} ${get(name)})`;
  const total = (name) => add(add(lane(name, 0), lane(name, 1)), add(lane(name, 2), lane(name, 3)));
  const dots = (sum, part, half) =>
    set(sum, `(i32x4.add ${get(sum)} (i32x4.dot_i16x8_s (v128.load8x8_s offset=${8 * half} align=1 ${get(`row${part}`)}) ${get(`query${half}`)}))`);
  return `
    (local $n4 i32) (local $queryAt i32) (local $queryEnd i32) (local $outEnd i32) (local $query0 v128) (local $query1 v128)
    ${each((part) => `(local $row${part} i32) (local $low${part} v128) (local $high${part} v128)`)}
    ${set('n4', times(get('n'), '(i32.const 4)'))}
    ${set('queryEnd', add(get('query'), times(get('d'), '(i32.const 2)')))} ${set('outEnd', add(get('out'), get('n4')))}
    ${each((part) => set(`row${part}`, add(get('row'), times(times(get('n'), get('d')), `(i32.const ${part})`))))}
    (block $end (loop $rows
      (br_if $end (i32.ge_u ${get('out')} ${get('outEnd')}))
      ${each((part) => `${set(`low${part}`, '(v128.const i32x4 0 0 0 0)')} ${set(`high${part}`, '(v128.const i32x4 0 0 0 0)')}`)}
      ${set('queryAt', get('query'))}
      (loop $components
        ${set('query0', `(v128.load ${get('queryAt')})`)} ${set('query1', `(v128.load offset=16 ${get('queryAt')})`)}
        ${each((part) => `${dots(`low${part}`, part, 0)} ${dots(`high${part}`, part, 1)} ${step(`row${part}`, 16)}`)}
        ${step('queryAt', 32)}
        (br_if $components (i32.lt_u ${get('queryAt')} ${get('queryEnd')})))
      ${each(
        (part) => `${set(`low${part}`, `(i32x4.add ${get(`low${part}`)} ${get(`high${part}`)})`)}
      (f32.store ${far('out', part)} (f32.mul (f32.load ${far('scale', part)}) (f32.convert_i32_s ${total(`low${part}`)})))`,
      )}
      ${step('out', 4)} ${step('scale', 4)}
      (br $rows)))`;
}

const folder = path.join(import.meta.dirname, '../src/adapters/local/store');
const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-kernel-'));
writeFileSync(path.join(scratch, 'scan.wat'), scan());
copyFileSync(path.join(folder, 'seen.wat'), path.join(scratch, 'seen.wat'));
for (const name of ['scan', 'seen']) {
  const binary = path.join(scratch, `${name}.wasm`);
  execFileSync('npx', ['--yes', '--package=wabt@1.0.39', 'wat2wasm', path.join(scratch, `${name}.wat`), '-o', binary], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const base64 = readFileSync(binary).toString('base64');
  writeFileSync(
    path.join(folder, `${name}-kernel.ts`),
    `/** Assembled by scripts/build-store-kernels.mjs, which says what it does. */
export const ${name.toUpperCase()}_KERNEL_BASE64 =
  '${base64}';
`,
  );
}
rmSync(scratch, { recursive: true });
