import path from 'node:path';
import type { Config } from '../config.ts';
import type { Ports } from '../ports.ts';

/** The ports of a configuration: the only place where a name in it becomes code. Adapters are imported here, at the first call that needs them, and are lazy themselves. */
export async function openPorts(config: Config): Promise<Ports> {
  const [store, { createFiles }, { createDownloads }, { createImages }, { openMedia }, { openVision }, { createInpainter }, { createAnimatic }] = await Promise.all([
    import('./local/store/open.ts'),
    import('./local/files.ts'),
    import('./local/downloads.ts'),
    import('./local/images/images.ts'),
    import('./local/media/media.ts'),
    import('./local/vision/open.ts'),
    import('./local/inpainter/inpainter.ts'),
    import('./local/animatic/animatic.ts'),
  ]);
  const { catalog, records, objects, close } = store.openStore(config.homeDir);
  const images = createImages({ maxPixels: config.maxPixels });
  const media = openMedia({ maxPixels: config.maxPixels });
  const vision = openVision({ runtime: config.onnxRuntime });
  const inpainter = createInpainter();
  const animatic = createAnimatic({ workDir: path.join(config.homeDir, 'tmp'), card: images.card });
  return {
    catalog,
    records,
    objects,
    files: createFiles(config),
    downloads: createDownloads(config),
    images,
    media,
    embedder: vision.embedder,
    recogniser: vision.recogniser,
    inpainter,
    videoGenerators: new Map([[animatic.id, animatic]]),
    async close() {
      for (const part of [images, media, vision, inpainter, animatic]) part.close();
      await close();
    },
  };
}
