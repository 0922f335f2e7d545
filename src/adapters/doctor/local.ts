import { randomUUID } from 'node:crypto';
import { rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config.ts';
import { createImages } from '../local/images/images.ts';
import { openMedia } from '../local/media/media.ts';
import { makeFolder } from '../local/store/folders.ts';
import { openStore } from '../local/store/open.ts';
import { openVision } from '../local/vision/open.ts';
import type { Check, Finding } from './check.ts';

/** Lowest version that the package is tested with (package.json, "engines"). */
const NODE = [20, 19] as const;
/** Room for a day of clips and previews; a full disk stops jobs, which then wait. */
const FREE_BYTES = 2e9;
const NATIVE_INSTALL = 'npm install --ignore-scripts onnxruntime-node@1.30.0';

/** What every server needs on its own machine. */
export function localChecks(config: Config): Check[] {
  return [
    { what: 'node', look: async () => node(process.versions.node) },
    { what: 'data folder', look: () => dataFolder(config.homeDir) },
    ...(config.profile === 'local' ? [{ what: 'database', look: () => database(config.homeDir) }] : []),
    { what: 'pictures (sharp)', look: pictures },
    { what: 'video codec', look: codec },
    ...(config.recogniser || config.embedder === 'vision' ? [{ what: 'vision model', look: () => vision(config) }] : []),
  ];
}

export function node(version: string): Finding {
  const [major, minor] = version.split('.').map(Number);
  const enough = major > NODE[0] || (major === NODE[0] && minor >= NODE[1]);
  if (!enough) return { state: 'problem', text: `Node.js ${version} is too old.`, fix: `Install Node.js ${NODE.join('.')} or newer.` };
  return { state: 'ok', text: `Node.js ${version}` };
}

async function dataFolder(homeDir: string): Promise<Finding> {
  await makeFolder(homeDir);
  const probe = path.join(homeDir, `.doctor-${randomUUID()}`);
  try {
    await writeFile(probe, '');
  } catch {
    return { state: 'problem', text: `${homeDir} cannot be written.`, fix: 'Make it writable, or set VRAG_HOME to another folder.' };
  } finally {
    await rm(probe, { force: true });
  }
  const { bavail, bsize } = await statfs(homeDir);
  const free = `${((bavail * bsize) / 1e9).toFixed(1)} GB free`;
  if (bavail * bsize < FREE_BYTES) return { state: 'note', text: `${homeDir}, only ${free}`, fix: 'Make room, or set VRAG_HOME to a folder on another disk.' };
  return { state: 'ok', text: `${homeDir}, ${free}` };
}

async function database(homeDir: string): Promise<Finding> {
  const store = openStore(homeDir);
  try {
    const collections = await store.catalog.collections();
    return { state: 'ok', text: `${collections.length} collections; "vrag-mcp verify" checks every file` };
  } finally {
    await store.close();
  }
}

async function pictures(): Promise<Finding> {
  const images = createImages({ maxPixels: 1_000_000 });
  try {
    const square = { width: 8, height: 8, channels: 3 as const, data: new Uint8Array(192).fill(128) };
    const { bytes } = await images.encode(square, { format: 'png' });
    const { width } = await images.decode(bytes);
    return { state: width === 8 ? 'ok' : 'problem', text: 'decoding and encoding work' };
  } finally {
    images.close();
  }
}

async function codec(): Promise<Finding> {
  const media = openMedia();
  try {
    const name = await media.codec();
    if (name) return { state: 'ok', text: name };
    return {
      state: 'problem',
      text: 'None: videos can be neither read nor made.',
      fix: 'Run "npm install node-av" beside the package, or put ffmpeg on PATH.',
    };
  } finally {
    media.close();
  }
}

async function vision(config: Config): Promise<Finding> {
  const model = openVision({ runtime: config.onnxRuntime });
  try {
    const { runtime } = await model.load();
    if (runtime === 'native') return { state: 'ok', text: 'loaded, native runtime' };
    const fix = `"${NATIVE_INSTALL}" beside the package makes it about four times as fast; the vectors stay the same.`;
    return { state: 'ok', text: 'loaded, WebAssembly runtime', ...(config.onnxRuntime === 'wasm' ? {} : { fix }) };
  } finally {
    model.close();
  }
}
