// Assembles src/adapters/local/store/scan.wat into scan-kernel.ts beside it. Needs npx and the package `wabt` (fetched by npx).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folder = path.join(import.meta.dirname, '../src/adapters/local/store');
const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-kernel-'));
const binary = path.join(scratch, 'scan.wasm');
execFileSync('npx', ['--yes', '--package=wabt@1.0.39', 'wat2wasm', path.join(folder, 'scan.wat'), '-o', binary], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
const base64 = readFileSync(binary).toString('base64');
rmSync(scratch, { recursive: true });
writeFileSync(
  path.join(folder, 'scan-kernel.ts'),
  `/** scan.wat, assembled by scripts/build-scan-kernel.mjs. */
export const SCAN_KERNEL_BASE64 =
  '${base64}';
`,
);
