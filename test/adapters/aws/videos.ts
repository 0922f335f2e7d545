import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { Bedrock } from '../../../src/adapters/aws/bedrock/client.ts';
import { lumaRay2 } from '../../../src/adapters/aws/bedrock/luma.ts';
import { novaReel } from '../../../src/adapters/aws/bedrock/nova-reel.ts';
import { Results } from '../../../src/adapters/aws/bedrock/results.ts';
import { createBedrockVideo } from '../../../src/adapters/aws/bedrock/video.ts';
import type { ReferenceRole, ShotRequest, VideoGenerator } from '../../../src/ports.ts';
import { flat } from '../../fixtures/photographs.ts';
import type { Opened } from './bedrock.ts';

/** A video provider over the fake; `again` is another process on the same work folder. */
export function videoOver(opened: Opened, name: 'luma-ray-2' | 'nova-reel', options: { bucketOwner?: string; kmsKey?: string } = {}) {
  const workDir = mkdtempSync(path.join(tmpdir(), 'vrag-bedrock-'));
  const video = name === 'luma-ray-2' ? lumaRay2 : novaReel;
  const closing: { close(): void }[] = [];
  const open = (): VideoGenerator => {
    const [region] = video.model.regions;
    const bedrock = new Bedrock({ region });
    const results = new Results({ region, ...options });
    closing.push(bedrock, results);
    return createBedrockVideo(video, { bedrock, results, pictures: opened.images, output: { bucket: 'results', key: 'takes/' }, workDir, ...options });
  };
  return {
    generator: open(),
    again: open,
    workDir,
    async close() {
      for (const one of closing) one.close();
      rmSync(workDir, { recursive: true, force: true });
    },
  };
}

/** A grey picture of 640x480. */
async function writePicture(): Promise<string> {
  const file = path.join(tmpdir(), `vrag-bedrock-${process.pid}.jpg`);
  if (existsSync(file)) return file;
  const { width, height, channels, data } = flat(640, 480, [150, 150, 150]);
  await sharp(data, { raw: { width, height, channels } }).jpeg().toFile(file);
  process.once('exit', () => rmSync(file, { force: true }));
  return file;
}

/** A shot of the given references, all of them the same picture of 4:3 with a subject a little left of the middle. */
export async function shot(roles: ReferenceRole[] = ['firstFrame'], changes: Partial<ShotRequest> = {}): Promise<ShotRequest> {
  const file = await writePicture();
  const references = roles.map((role) => ({ role, assetId: 'img_sheep', sha256: '0', path: file, subject: { x: 0.3, y: 0.4, width: 0.3, height: 0.3 } }));
  return { prompt: 'Sheep walk along the road', durationSeconds: 5, width: 1280, height: 720, fps: 24, seed: 0, references, ...changes };
}
