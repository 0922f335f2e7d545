import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallOptions, Embedder, Recogniser } from '../../../ports.ts';
import { createConcepts } from './concepts.ts';
import { createEmbedder } from './embedder.ts';
import { Passes } from './passes.ts';
import type { LoadedModel, RuntimeChoice } from './protocol.ts';
import { createRecogniser } from './recogniser.ts';

export interface VisionOptions {
  runtime: RuntimeChoice;
  /** Folder with vision.onnx and concepts.json; default: the package's own. */
  modelsDir?: string;
  /** Folder or file URL of an `onnxruntime-node` outside our own node_modules. */
  nativeModule?: string;
}

/** Two faces of one model: a picture object handed to both is passed through it once per view. */
export interface Vision {
  embedder: Embedder;
  recogniser: Recogniser;
  /** Starts the child and loads the model if it is not warm. UNAVAILABLE where the child dies, MISCONFIGURED where model or runtime are not there. */
  load(options?: CallOptions): Promise<LoadedModel>;
  /** Ends the child process; calls under way fail with UNAVAILABLE. */
  close(): void;
}

/** The packaged vision model in a child process of its own. Touches nothing before the first call; `understand` and `describe` never start the child. */
export function openVision(options: VisionOptions): Vision {
  const folder = options.modelsDir ?? fileURLToPath(new URL('../../../../models/', import.meta.url));
  const passes = new Passes({ runtime: options.runtime, modelPath: join(folder, 'vision.onnx'), nativeModule: options.nativeModule });
  return {
    embedder: createEmbedder(passes),
    recogniser: createRecogniser(passes, createConcepts(join(folder, 'concepts.json'))),
    load: (call = {}) => passes.load(call),
    close: () => passes.close(),
  };
}
