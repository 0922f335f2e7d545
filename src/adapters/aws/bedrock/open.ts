import path from 'node:path';
import type { Config } from '../../../config.ts';
import { AppError } from '../../../errors.ts';
import type { Captioner, Embedder, Images, Inpainter, Judge, OnBillable, VideoGenerator } from '../../../ports.ts';
import { createCaptioner } from './captioner.ts';
import { Bedrock } from './client.ts';
import { bedrockEmbedders } from './embedders.ts';
import { createBedrockInpainter } from './inpainter.ts';
import { createJudge } from './judge.ts';
import { lumaRay2 } from './luma.ts';
import { type Model, modelNamed } from './models.ts';
import { createNovaCanvasPainter } from './nova-canvas.ts';
import { novaReel } from './nova-reel.ts';
import { Results } from './results.ts';
import { createStabilityPainter } from './stability.ts';
import { createBedrockVideo, readUri, type VideoModel } from './video.ts';

/** What Bedrock offers by a configuration; all but the embedders only where they are configured. */
export interface BedrockParts {
  /** Under the names of VRAG_EMBEDDER. */
  embedders: { name: string; embedder: Embedder }[];
  captioner?: Captioner;
  judge?: Judge;
  generativeInpainter?: Inpainter;
  videoGenerators: VideoGenerator[];
  close(): void;
}

const VIDEO_MODELS = [lumaRay2, novaReel];
const PAINTERS = { stability: createStabilityPainter, 'nova-canvas': createNovaCanvasPainter };

/** Builds the parts of a configuration: nothing is loaded, signed or sent before the first call. MISCONFIGURED for settings that do not fit together. */
export function openBedrock(config: Config, images: Images, options: { onBillable?: OnBillable | undefined } = {}): BedrockParts {
  const { captioner, judge, inpainter } = config.bedrock;
  const { region } = config.aws;
  const bedrock = new Bedrock({ region, ...options });
  const videos = openVideos(config, images);
  return {
    embedders: bedrockEmbedders(bedrock, images),
    ...(captioner ? { captioner: createCaptioner(bedrock, images, captioner) } : {}),
    ...(judge ? { judge: createJudge(bedrock, images, judge) } : {}),
    ...(inpainter ? { generativeInpainter: createBedrockInpainter(PAINTERS[inpainter](bedrock, images), images) } : {}),
    videoGenerators: videos.generators,
    close() {
      bedrock.close();
      videos.close();
    },
  };
}

/** The foundation models that an in-painter calls. */
export function painterModels(inpainter: keyof typeof PAINTERS): Model[] {
  const names = {
    stability: ['stability-erase', 'stability-inpaint', 'stability-search-replace', 'stability-outpaint'],
    'nova-canvas': ['nova-canvas'],
  } as const;
  return names[inpainter].map(modelNamed);
}

/** The video models of a configuration. MISCONFIGURED for an unknown name, and where they have no place to write to. */
export function videosOf(config: Config): VideoModel[] {
  const { models, output } = config.bedrock.video;
  const chosen = models.map((name) => {
    const found = VIDEO_MODELS.find(({ id }) => id === name);
    if (found) return found;
    throw new AppError('MISCONFIGURED', `VRAG_VIDEO_MODELS: there is no "${name}".`, { hint: `Known: ${VIDEO_MODELS.map(({ id }) => id).join(', ')}.` });
  });
  if (chosen.length > 0 && output === undefined) {
    throw new AppError('MISCONFIGURED', 'Video models need VRAG_VIDEO_OUTPUT, where they write their results.', {
      hint: "Set it to s3://BUCKET/PREFIX with a bucket in the model's region.",
    });
  }
  return chosen;
}

function openVideos(config: Config, images: Images): { generators: VideoGenerator[]; close(): void } {
  const { region: given, output } = config.bedrock.video;
  const opened: { close(): void }[] = [];
  const { bucketOwner, kmsKey } = config.aws.s3;
  const generators = videosOf(config).map((video) => {
    const region = given ?? video.model.regions[0];
    const bedrock = new Bedrock({ region });
    const results = new Results({ region, bucketOwner });
    opened.push(bedrock, results);
    const { bucket, key } = readUri(output);
    const place = { bucket, key: key === '' ? '' : `${key}/` };
    return createBedrockVideo(video, { bedrock, results, pictures: images, output: place, bucketOwner, kmsKey, workDir: path.join(config.homeDir, 'tmp') });
  });
  return {
    generators,
    close() {
      for (const one of opened) one.close();
    },
  };
}
