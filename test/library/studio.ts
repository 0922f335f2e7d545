import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { loadConfig } from '../../src/config.ts';
import type { LibraryJobView } from '../../src/library/jobs.ts';
import { lazyStudio, type Studio } from '../../src/studio.ts';

/** Settings without any model: these tests are about jobs, and descriptors are quick. */
export const QUICK = { VRAG_DEFAULT_DIRS: 'off', VRAG_EMBEDDER: 'descriptor', VRAG_RECOGNISER: 'off' };

/** A data folder and a folder of pictures; studios on it stand for servers. */
export interface Place {
  root: string;
  home: string;
  pictures: string;
  /** Opens a studio; `allow: []` may not read the pictures. */
  open(options?: { background?: boolean; allow?: string[] }): Promise<Studio>;
  clear(): Promise<void>;
}

export async function openPlace(): Promise<Place> {
  const root = await mkdtemp(path.join(tmpdir(), 'vrag-jobs-'));
  const home = path.join(root, 'home');
  const pictures = path.join(root, 'pictures');
  await mkdir(pictures);
  const closing: (() => Promise<void>)[] = [];
  return {
    root,
    home,
    pictures,
    async open({ background = true, allow = [pictures] } = {}) {
      const studio = lazyStudio(loadConfig({ ...QUICK, VRAG_HOME: home }, allow), { localPaths: true, background });
      closing.push(() => studio.close());
      return studio.open();
    },
    async clear() {
      await Promise.all(closing.map((close) => close()));
      await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Pictures that differ in every byte that counts: `prefix-000.jpg` and so on. */
export async function writePictures(folder: string, count: number, prefix = 'picture', side = 64): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const [r, g, b] = [1, 7, 31].map((factor) => (index * factor * 5 + prefix.length * 40) % 256);
      const noise = { type: 'gaussian' as const, mean: 128, sigma: 30 };
      const ground = sharp({ create: { width: side, height: side, channels: 3, background: '#888888', noise } }).tint({ r, g, b });
      const file = path.join(folder, `${prefix}-${String(index).padStart(3, '0')}.jpg`);
      await writeFile(file, await ground.jpeg().toBuffer());
      return file;
    }),
  );
}

/** The job once the condition holds (default: it has ended). */
export async function waitFor(
  { assets, ports }: Studio,
  jobId: string,
  until: (view: LibraryJobView) => boolean = (view) => view.job.ended !== undefined,
): Promise<LibraryJobView> {
  for (let waited = 0; waited < 60_000; waited += 20) {
    const view = await assets.readLibraryJobView(ports, jobId);
    if (view && until(view)) return view;
    await sleep(20);
  }
  throw new Error(`Job ${jobId} did not get there: ${JSON.stringify(await assets.readLibraryJobView(ports, jobId))}`);
}

/** All assets of a collection. */
export async function assetsOf({ ports }: Studio, collection: string) {
  const { assets } = await ports.catalog.list(collection, {}, { limit: 10_000 });
  return assets;
}
