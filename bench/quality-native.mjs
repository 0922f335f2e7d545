// The native ONNX runtime for long benches: VRAG_BENCH_NATIVE=FOLDER, or installed into a scratch folder; `undefined` where it cannot be had.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const NATIVE = 'onnxruntime-node@1.30.0';

export function nativeRuntime(scratch) {
  const given = process.env.VRAG_BENCH_NATIVE;
  if (given !== undefined) return given || undefined;
  const args = ['install', '--no-audit', '--no-fund', '--silent', '--ignore-scripts', '--prefix', scratch, NATIVE];
  try {
    execFileSync('npm', args, { cwd: scratch, stdio: 'ignore', shell: process.platform === 'win32', timeout: 120_000 });
  } catch {
    return undefined;
  }
  const folder = path.join(scratch, 'node_modules/onnxruntime-node');
  return existsSync(folder) ? folder : undefined;
}
