// Assembles src/adapters/local/store/{scan,seen}.wat into {scan,seen}-kernel.ts beside them. Needs npx and the package `wabt` (fetched by npx).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folder = path.join(import.meta.dirname, '../src/adapters/local/store');
const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-kernel-'));
for (const name of ['scan', 'seen']) {
  const binary = path.join(scratch, `${name}.wasm`);
  execFileSync('npx', ['--yes', '--package=wabt@1.0.39', 'wat2wasm', path.join(folder, `${name}.wat`), '-o', binary], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const base64 = readFileSync(binary).toString('base64');
  writeFileSync(
    path.join(folder, `${name}-kernel.ts`),
    `/** ${name}.wat, assembled by scripts/build-store-kernels.mjs. */
export const ${name.toUpperCase()}_KERNEL_BASE64 =
  '${base64}';
`,
  );
}
rmSync(scratch, { recursive: true });
