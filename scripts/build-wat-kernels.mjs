// Assembles each kernel written by hand (FOLDER/NAME.wat) into NAME-kernel.ts beside it. Needs npx and the package `wabt` (fetched by npx).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const KERNELS = [
  ['src/adapters/local/animatic', 'resample'],
  ['src/quality', 'block'],
  ['src/quality', 'picture'],
];

const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-kernel-'));
for (const [folder, name] of KERNELS) {
  const source = path.join(import.meta.dirname, '..', folder, `${name}.wat`);
  const binary = path.join(scratch, `${name}.wasm`);
  execFileSync('npx', ['--yes', '--package=wabt@1.0.39', 'wat2wasm', source, '-o', binary], { stdio: 'inherit', shell: process.platform === 'win32' });
  const base64 = readFileSync(binary).toString('base64');
  writeFileSync(
    path.join(path.dirname(source), `${name}-kernel.ts`),
    `/** ${name}.wat, assembled by scripts/build-wat-kernels.mjs. */
export const ${name.toUpperCase()}_KERNEL_BASE64 =
  '${base64}';
`,
  );
}
rmSync(scratch, { recursive: true });
