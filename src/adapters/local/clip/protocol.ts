import type { RuntimeSource } from '../vision/runtime.ts';
import type { TextRules } from './model.ts';
import type { Preprocessing } from './preprocessing.ts';

/** What a child needs to load one tower; sent with every call, because a restarted child knows nothing. */
export interface Tower extends RuntimeSource {
  modelPath: string;
  /** The file as it was when the embedder's id was made: another one must not be loaded under that id. */
  state: { bytes: number; modifiedMs: number };
  /** Name of the output that is the embedding. */
  output: string;
}

/** Equally sized pictures: RGB bytes, `width * height * 3` each. */
export interface ImagesRequest {
  tower: Tower;
  preprocessing: Preprocessing;
  images: Uint8Array[];
}

export interface TextsRequest {
  tower: Tower;
  /** Folder with tokenizer.json and tokenizer_config.json. */
  folder: string;
  rules: TextRules;
  texts: string[];
}

/** One vector per picture or text as the tower gives it, of any length; not normalised. */
export type VectorsResult = Float32Array[];
