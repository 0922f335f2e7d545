import path from 'node:path';
import type { Config } from '../config.ts';
import type { OnBillable, Ports } from '../ports.ts';
import { openBedrock } from './aws/bedrock/open.ts';
import { openAwsPorts } from './aws/open.ts';
import { createAnimatic } from './local/animatic/animatic.ts';
import { createCredentials } from './local/c2pa/credentials.ts';
import { createDownloads } from './local/downloads.ts';
import { openEmbedders } from './local/embedders.ts';
import { createFiles } from './local/files.ts';
import { createImages } from './local/images/images.ts';
import { createInpainter } from './local/inpainter/inpainter.ts';
import { openMedia } from './local/media/media.ts';
import { createSegmenter } from './local/segmenter/segmenter.ts';
import { openStore } from './local/store/open.ts';
import { createDescriptor } from './local/vision/descriptor.ts';
import { openVision } from './local/vision/open.ts';
import { createRecogniserOff } from './local/vision/recogniser-off.ts';
import { createThumbnails } from './local/vision/thumbnails.ts';

/**
 * The ports of a configuration: the only place where a name in it becomes code. This module is itself loaded at the first call that
 * needs it, and every adapter loads its own library and starts its own process at its first use. `onBillable` hears of every
 * call to a model that is billed by itself, before it is sent.
 */
export function openPorts(config: Config, options: { onBillable?: OnBillable } = {}): Ports {
  const local = openLocalPorts(config, options);
  return config.profile === 'aws' ? openAwsPorts(config, local) : local;
}

/** Everything on this machine. */
function openLocalPorts(config: Config, options: { onBillable?: OnBillable }): Ports {
  const store = openStore(config.homeDir);
  const images = createImages({ maxPixels: config.maxPixels });
  const media = openMedia({ maxPixels: config.maxPixels });
  const vision = openVision({ runtime: config.onnxRuntime });
  const thumbnails = createThumbnails();
  const descriptor = createDescriptor(thumbnails);
  const bedrock = openBedrock(config, images, options);
  const embedders = openEmbedders(config, [{ name: 'vision', embedder: vision.embedder }, { name: 'descriptor', embedder: descriptor }, ...bedrock.embedders]);
  const segmenter = createSegmenter();
  const inpainter = createInpainter();
  const credentials = createCredentials(config);
  const animatic = createAnimatic({ workDir: path.join(config.homeDir, 'tmp'), card: images.card });
  return {
    catalog: store.catalog,
    records: store.records,
    objects: store.objects,
    upkeep: store.upkeep,
    files: createFiles(config),
    downloads: createDownloads(config),
    images,
    media,
    embedder: config.recogniser ? vision.embedder : descriptor,
    embedders,
    recogniser: config.recogniser ? vision.recogniser : createRecogniserOff(thumbnails),
    ...(config.calibrationFile ? { calibrationFile: config.calibrationFile } : {}),
    segmenter,
    ...(bedrock.captioner ? { captioner: bedrock.captioner } : {}),
    ...(bedrock.judge ? { judge: bedrock.judge } : {}),
    inpainter,
    ...(bedrock.generativeInpainter ? { generativeInpainter: bedrock.generativeInpainter } : {}),
    credentials,
    videoGenerators: new Map([animatic, ...bedrock.videoGenerators].map((generator) => [generator.id, generator])),
    ceilings: config.ceilings,
    async close() {
      for (const part of [images, media, vision, embedders, segmenter, inpainter, credentials, animatic, bedrock]) part.close();
      await store.close();
    },
  };
}
