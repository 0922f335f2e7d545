// Assembles src/adapters/local/animatic/resample.wat into resample-kernel.ts beside it. Needs npx and the package `wabt` (fetched by npx).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folder = path.join(import.meta.dirname, '../src/adapters/local/animatic');
const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-kernel-'));
const binary = path.join(scratch, 'resample.wasm');
execFileSync('npx', ['--yes', '--package=wabt@1.0.39', 'wat2wasm', path.join(folder, 'resample.wat'), '-o', binary], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
const base64 = readFileSync(binary).toString('base64');
rmSync(scratch, { recursive: true });
writeFileSync(
  path.join(folder, 'resample-kernel.ts'),
  `/** resample.wat, assembled by scripts/build-resample-kernel.mjs. */
export const RESAMPLE_KERNEL_BASE64 =
  '${base64}';
`,
);
