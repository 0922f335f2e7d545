import type { CallOptions } from './call.ts';
import type { Box, RawImage } from './pictures.ts';

export interface EmbedOptions extends CallOptions {
  /** What a picture's vector is for: to be stored (the default), or to ask for stored ones. Most embedders make no difference; texts always ask. */
  purpose?: 'index' | 'query';
}

/**
 * Pictures and texts to unit-length vectors. Images are RGB (3 channels), upright, of any size;
 * callers hand over a copy whose shorter side is at least 256 px where the original allows it.
 */
export interface Embedder {
  /** Names model, weights and preprocessing; vectors of different ids never share a collection. */
  readonly id: string;
  readonly dimensions: number;
  /** `text` means `embedTexts` is there and shares the space with images. */
  readonly modalities: readonly ('image' | 'text')[];
  /** True: each call costs money. */
  readonly billed?: boolean;
  /** Named slices [start, end) of the vector that may be compared alone (each then normalised again), e.g. `model`, `colour`. */
  readonly blocks?: Readonly<Record<string, readonly [start: number, end: number]>>;
  embedImages(images: RawImage[], options?: EmbedOptions): Promise<Float32Array[]>;
  embedTexts?(texts: string[], options?: CallOptions): Promise<Float32Array[]>;
  /** One vector of a whole clip, of what moves in it too, in the space of the pictures; `undefined` for one that the model does not take (too long, too large). */
  embedClip?(clip: ClipFile, options?: CallOptions): Promise<Float32Array | undefined>;
}

/** A stored clip. */
export interface ClipFile {
  /** Absolute path. */
  path: string;
  mediaType: string;
  durationSeconds: number;
}

/** A model that is being downloaded. */
export interface EmbedderProgress {
  /** Bytes of this download so far. */
  receivedBytes: number;
  /** For people, e.g. `downloading owner/name: text_model.onnx, 37 MB of 111 MB`. */
  text: string;
}

export interface EmbedderOptions extends CallOptions {
  /** Called while a model is downloaded. Callers that give it wait for the whole download; others for some seconds, then they get UNAVAILABLE and it goes on. */
  onProgress?: (progress: EmbedderProgress) => void;
}

/** The embedders of this configuration. A collection is searched with the one it is pinned to; the configuration only sets the default of new ones. */
export interface Embedders {
  /** The embedder of new collections. Loads no model, but downloads the configured one where it must. Errors as `get`. */
  fallback(options?: EmbedderOptions): Promise<Embedder>;
  /**
   * The embedder of an id (as pinned by a collection) or of a configured name (`vision`, `descriptor`, a model id of the hub, a folder).
   * Loads no model. MISCONFIGURED where it cannot be had here: the hint names `reindex`. FORBIDDEN for a
   * folder outside the allowed ones or a download that is switched off, UNAVAILABLE while it is downloaded and where the hub does not answer
   * (within 15 s), UNSUPPORTED for a model of another kind or too large.
   */
  get(idOrName: string, options?: EmbedderOptions): Promise<Embedder>;
}

/** Describes pictures in words; each call is billed. */
export interface Captioner {
  /** The model, e.g. `amazon.nova-2-lite-v1:0`. */
  readonly id: string;
  /** The most that one caption costs, US dollars. */
  readonly costUsd: number;
  /**
   * One or two sentences on what a picture shows, as the model wrote them: untrusted, not cleaned. `undefined` where its content filters gave none.
   * MISCONFIGURED, FORBIDDEN, RATE_LIMITED, UNAVAILABLE, CANCELLED.
   */
  caption(image: RawImage, options?: CallOptions): Promise<string | undefined>;
}

/** What a judge is asked of one frame. */
export interface JudgedFrame {
  /** RGB. */
  frame: RawImage;
  /** The picture that the frame should show; absent: there is none. */
  reference?: RawImage;
  /** Questions that are answered by yes or no. */
  questions: readonly string[];
}

/** Looks at frames of a clip and answers questions about them; each call is billed. Its answers are opinions: nothing is decided by them. */
export interface Judge {
  /** The model, e.g. `amazon.nova-2-lite-v1:0`. */
  readonly id: string;
  /** The most that one frame costs, US dollars. */
  readonly costUsd: number;
  /**
   * One answer a question, in their order, as the model wrote them: `because` is untrusted and not cleaned; `unsure` also where it answered something else.
   * `undefined` where its content filters gave none. MISCONFIGURED, FORBIDDEN, RATE_LIMITED, UNAVAILABLE, BUDGET, CANCELLED.
   */
  judge(frame: JudgedFrame, options?: CallOptions): Promise<{ answer: 'yes' | 'no' | 'unsure'; because: string }[] | undefined>;
}

/** What was seen in a picture, stored with the asset as data: a better concept table needs no new pass. */
export interface Seen {
  /** [class index, probability], p >= .001, at most 64, best first (ImageNet-1k classes of the packaged model). */
  classes: [classIndex: number, probability: number][];
  /** [colour name, share of the picture 0..1, centre-weighted], share >= .01, largest first. */
  colours: [name: string, share: number][];
  /** The same for what stands out in the picture: [colour name, share of the subject 0..1]; absent where nothing does or no model looked. */
  subjectColours?: [name: string, share: number][];
}

/** A word or phrase of a query that the model knows. */
export interface Concept {
  /** As written in the table, e.g. `dog`. */
  word: string;
  /** How well the classes stand for the word: 1 = is a kind of; under .7 only a neighbour. */
  weight: number;
  /** [class index, weight 0..1]. */
  classes: [classIndex: number, weight: number][];
}

/** A query taken apart into what the eye can look for. */
export interface SeenQuery {
  concepts: Concept[];
  /** Colour names in the query, e.g. `red`. */
  colours: string[];
  /** Content words that are neither concept (weight >= .7) nor colour nor stop word. */
  unknownWords: string[];
}

export interface Location {
  /** Heat map over the whole picture, row by row, values 0..1. */
  heat: { width: number; height: number; data: Float32Array };
  /** Highest evidence 0..1; under .5 counts as not found. */
  peak: number;
  /** Where the peak is, fractions of the picture. */
  at: { x: number; y: number };
  /** Bounding box of the strong part. */
  box: Box;
}

/** Mid-level features for comparing two pictures region by region: `data[(channel * height + y) * width + x]`. */
export interface RegionFeatures {
  width: number;
  height: number;
  channels: number;
  data: Float32Array;
}

/** Knows what is in a picture. Images as for `Embedder`; a picture handed to both costs one pass. */
export interface Recogniser {
  readonly id: string;
  recognise(images: RawImage[], options?: CallOptions): Promise<Seen[]>;
  /** Parses a query: longest known phrases first, plurals undone. Loads no model. */
  understand(query: string): Promise<SeenQuery>;
  /** The most telling names of what was seen, best first: class names with probability >= `minProbability` (default .05), at most `limit` (default 5). */
  describe(seen: Seen, options?: { limit?: number; minProbability?: number }): Promise<{ word: string; probability: number }[]>;
  /** Where the phrase is in the picture; `undefined` where the model does not know the words (weight >= .7 needed). */
  locate(image: RawImage, phrase: string, options?: CallOptions): Promise<Location | undefined>;
  /** The box of what stands out, or `undefined` where nothing does: use the centre and say so. */
  subject(image: RawImage, options?: CallOptions): Promise<Box | undefined>;
  regions(images: RawImage[], options?: CallOptions): Promise<RegionFeatures[]>;
}

/** What tells a thing from the rest of the picture; boxes and points in fractions of it. */
export type Sighting = { heat: Location['heat'] } | { box: Box } | { point: { x: number; y: number } };

/** Finds the outline of a thing. */
export interface Segmenter {
  readonly id: string;
  /**
   * The thing's mask: one channel, as large as the picture (RGB, any size; more than 1,024 pixels of its longer side add nothing), 255 = the thing.
   * `undefined` where it cannot be told from its background by its colours. INVALID_INPUT for a picture without three channels.
   */
  refine(image: RawImage, sighting: Sighting, options?: CallOptions): Promise<RawImage | undefined>;
}
