import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createViteServer } from 'vitest/node';

const CLIP = { width: 320, height: 180, fps: 24, frames: 24 };

/** Starts what test/engines starts, whose TypeScript the test runner's own loader reads here. A text says why this machine cannot. */
export async function startEngines() {
  const vite = await createViteServer({
    configFile: false,
    root: path.join(import.meta.dirname, '..'),
    logLevel: 'error',
    appType: 'custom',
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  const { startAws } = await vite.ssrLoadModule('/test/engines/aws.ts');
  const engines = await startAws({ clip: await makeClip() });
  if (typeof engines === 'string') {
    await vite.close();
    return engines;
  }
  const close = async () => {
    await engines.close();
    await vite.close();
  };
  return { ...engines, close };
}

/** What the stand-in for Bedrock answers every shot with: a second from dark to bright. */
async function makeClip() {
  const { openMedia } = await import('../dist/adapters/local/media/media.js');
  const folder = await mkdtemp(path.join(tmpdir(), 'vrag-bench-clip-'));
  const media = openMedia();
  try {
    const file = path.join(folder, 'clip.mp4');
    const { width, height, fps, frames } = CLIP;
    const grey = (level) => ({ width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(level) });
    const made = Array.from({ length: frames }, (_, index) => grey(index * 8));
    await media.encode(made, { path: file, width, height, fps });
    return await readFile(file);
  } finally {
    media.close();
    await rm(folder, { recursive: true, force: true });
  }
}
