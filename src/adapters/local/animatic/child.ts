import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RawImage } from '../../../ports/pictures.ts';
import { type CallContext, serve } from '../child/serve.ts';
import type { CodecChoice } from '../media/backend.ts';
import { openEncoder } from '../media/encoder.ts';
import { findCutout } from './cutout.ts';
import { decodePicture, pictureSize } from './decode.ts';
import { type ExpectedFailure, expectedFailure } from './failure.ts';
import { splitLayers } from './layers.ts';
import { hasDepth } from './path.ts';
import { lastPlan, planScene, type RenderedShot, renderShot, type Scene, type ShotPlan } from './shot.ts';

/** What the child renders: a picture file or a drawn card. */
export interface RenderParams {
  plan: ShotPlan;
  picture: { path: string } | { image: RawImage };
  /** The shot ends on this picture. */
  lastPicture?: { path: string } | undefined;
  outputPath: string;
  codec: CodecChoice;
}

/** How a render ended, where it is no defect. */
export type RenderResult = { notes: string[] } | ExpectedFailure;

/** Written into every file, so that nobody takes it for AI-generated media. */
const COMMENT = 'Animatic (storyboard preview) by vrag-mcp; camera moves over reference images, not AI-generated video';

async function openShot({ plan, picture, lastPicture, outputPath }: RenderParams, { signal }: CallContext): Promise<RenderedShot> {
  const breathe = async () => {
    await nextTurn();
    signal.throwIfAborted();
  };
  const options = { folder: path.dirname(outputPath), breathe };
  const first = await openScene(plan, picture, options);
  return renderShot(plan, first, lastPicture && (await openScene(lastPlan(plan), lastPicture, options)));
}

async function openScene(plan: ShotPlan, picture: RenderParams['picture'], options: { folder: string; breathe: () => Promise<void> }): Promise<Scene> {
  if ('image' in picture) return { source: picture.image, path: planScene(plan, picture.image).path, image: picture.image };
  const source = await pictureSize(picture.path);
  const { camera, subject } = plan;
  const cutout = subject && hasDepth(camera.move) ? await findCutout(picture.path, source, subject, options) : undefined;
  const scene = planScene(plan, source, cutout !== undefined);
  const image = await decodePicture(picture.path, scene.decodeSize);
  return { source, path: scene.path, image, layers: cutout && splitLayers(image, cutout) };
}

async function encodeShot(shot: RenderedShot, { plan, outputPath, codec }: RenderParams, { signal, emit }: CallContext): Promise<void> {
  const { width, height, fps } = plan;
  const metadata = { title: 'Animatic (storyboard preview)', comment: COMMENT };
  const encoder = await openEncoder({ path: outputPath, width, height, fps, metadata }, codec);
  try {
    let written: Promise<void> = Promise.resolve();
    for (let index = 0; index < shot.frames; index++) {
      signal.throwIfAborted();
      // Two frame buffers take turns: the next frame is drawn while the encoder works on this one.
      const frame = shot.draw(index);
      await written;
      written = encoder.write(frame.bytes);
      written.catch(() => undefined);
      if (index % 6 === 5) await emit({ progress: index / shot.frames });
      // The end of the parent and cancellation are noticed between frames.
      await nextTurn();
    }
    await written;
    signal.throwIfAborted();
    await encoder.finish();
  } catch (error) {
    await encoder.abort();
    throw error;
  }
}

async function render(params: RenderParams, context: CallContext): Promise<RenderResult> {
  try {
    const shot = await openShot(params, context);
    await encodeShot(shot, params, context);
    return { notes: shot.notes };
  } catch (error) {
    if (context.signal.aborted) throw error;
    const failure = expectedFailure(error);
    if (!failure) throw error;
    return failure;
  }
}

serve({ render });
