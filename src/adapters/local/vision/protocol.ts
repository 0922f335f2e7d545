/** Which ONNX runtime to use: `auto` takes `onnxruntime-node` where it is installed, else the WebAssembly one that always is. */
export type RuntimeChoice = 'auto' | 'wasm' | 'native';

/** What the child needs to load the model; sent with every call, because a restarted child knows nothing. */
export interface ModelSource {
  runtime: RuntimeChoice;
  modelPath: string;
  /** Folder of an `onnxruntime-node` that stands outside our own node_modules; `undefined`: found by name. */
  nativeModule?: string | undefined;
}

/** What was loaded, and how long it took in the child. */
export interface LoadedModel {
  runtime: 'wasm' | 'native';
  /** Milliseconds for importing the runtime, reading the model and the first pass (that compiles or packs the weights). */
  loadMilliseconds: number;
}

/** Outputs of vision.onnx that cross the pipe as they are (shapes: models/README.md). */
export type OutputName = 'image_embeds' | 'logits' | 'cells';

/** One batch of equally sized pictures. */
export interface RunRequest {
  model: ModelSource;
  width: number;
  height: number;
  /** RGB bytes, `width * height * 3` each. */
  images: Uint8Array[];
  outputs: OutputName[];
  /**
   * Reduces `cell_logits` to one map per picture, `(height / 32) * (width / 32)` values. With 1000 class weights: the softmax of each
   * cell summed with them, 0..1 (`cellEvidence`). With `own`: the activation of the picture's own top classes (`ownActivation`).
   */
  evidence?: Float32Array | 'own' | undefined;
}

/** Per picture, in the order sent. */
export interface RunResult {
  outputs: Partial<Record<OutputName, Float32Array>>;
  evidence?: Float32Array;
}
