import type { CallOptions } from './call.ts';
import type { Box, RawImage } from './pictures.ts';
import type { JsonValue } from './storage.ts';

/** What a reference does for a shot. */
export type ReferenceRole = 'firstFrame' | 'lastFrame' | 'subject' | 'style';

/** A reference as the provider gets it. */
export interface ShotReference {
  role: ReferenceRole;
  assetId: string;
  sha256: string;
  /** Local file with the original still picture (for a video reference: the frame, already extracted). */
  path: string;
  /** The subject's box, found by the domain; absent: use the centre. */
  subject?: Box;
}

/**
 * Camera moves as camera people name them (directions are the camera's). Short names, because tools list them: `whip` is a whip pan, `vertigo` a
 * dolly zoom (`in`: the camera goes closer and zooms out), `track` keeps the subject in its place while its surroundings pass.
 */
export const CAMERA_MOVES = [
  'static',
  'pan left',
  'pan right',
  'tilt up',
  'tilt down',
  'zoom in',
  'zoom out',
  'dolly in',
  'dolly out',
  'truck left',
  'truck right',
  'pedestal up',
  'pedestal down',
  'roll left',
  'roll right',
  'orbit left',
  'orbit right',
  'whip left',
  'whip right',
  'vertigo in',
  'vertigo out',
  'track',
  'handheld',
] as const;

export type CameraMove = (typeof CAMERA_MOVES)[number];

/** One shot, ready for a provider. */
export interface ShotRequest {
  prompt: string;
  durationSeconds: number;
  width: number;
  height: number;
  fps: number;
  seed: number;
  /** Absent: the provider reads it from the prompt. */
  camera?: CameraMove;
  references: ShotReference[];
}

export interface VideoCapabilities {
  /** Shown to users, e.g. `Animatic (storyboard preview)`. */
  title: string;
  /** False for renderers that only move a camera over the reference. */
  generative: boolean;
  roles: readonly ReferenceRole[];
  textOnly: boolean;
  minSeconds: number;
  maxSeconds: number;
  maxWidth: number;
  maxHeight: number;
  fps: readonly number[];
  seed: boolean;
  /** Free of charge: a lost take may simply be started again. */
  free: boolean;
  /** Takes that one server has under way here at the same time; default 2 where it is free (local work), 8 where it is not. */
  concurrency?: number;
  /** Pause between two polls of a take, in seconds; default .25 where it is free, 5 where it is not. */
  pollSeconds?: number;
  /** A take that is not finished this long after its start counts as failed, in seconds; default 1800. */
  deadlineSeconds?: number;
}

/** Why a take failed: a fixed list; a provider's own text never gets further than stderr. */
export type TakeFailure = 'contentPolicy' | 'invalidRequest' | 'providerError' | 'timeout' | 'noCodec' | 'outOfDisk';

export type TakeStatus =
  | { state: 'running'; progress?: number }
  /** `path` is a finished local file that the caller takes over (moves away). Of a paid take another poll gives it again. */
  | { state: 'succeeded'; path: string; mediaType: string; costUsd: number; notes: string[] }
  /** `retryable`: the same shot may succeed at another try. Only what is free is tried again. `costUsd`: billed all the same; absent: nothing. */
  | { state: 'failed'; reason: TakeFailure; message: string; retryable?: boolean; costUsd?: number }
  /** The provider no longer knows the operation (a local renderer that was killed, say). */
  | { state: 'lost' };

/** Makes one take of one shot. */
export interface VideoGenerator {
  readonly id: string;
  readonly capabilities: VideoCapabilities;
  /** Cost of one take in US dollars; 0 where it is free. */
  estimate(shot: ShotRequest): { costUsd: number };
  /**
   * What of the shot this provider changes or cannot honour, known before anything starts: sentences for the user, [] where nothing is.
   * Reads no file (`path` of a reference may be empty) and never throws. The notes of a finished take begin with the same sentences.
   */
  limits(shot: ShotRequest): string[];
  /**
   * Starts a take and returns within a second; the operation is JSON that `poll` accepts in any process, also after a restart.
   * The same `token` never starts (bills) twice. What it throws says what may have happened:
   * - INVALID_INPUT (the shot is beyond the capabilities), FORBIDDEN, MISCONFIGURED, UNSUPPORTED, NOT_FOUND, BUDGET: only where nothing was sent,
   *   or the provider refused it for good. The take fails.
   * - RATE_LIMITED: only where the provider refused it before accepting it (HTTP 429). It is sent again later, with the same token.
   * - Anything else, UNAVAILABLE too: it may have been accepted. The take is looked for with `find`; a paid one that is not found is `unknown`
   *   and never sent again.
   */
  start(shot: ShotRequest, options: { token: string } & CallOptions): Promise<JsonValue>;
  /** The operation that a lost answer belonged to, or `undefined`, which proves nothing: the start may still be under way. Asked again for a day. */
  find?(token: string): Promise<JsonValue | undefined>;
  /**
   * Asked again after any error but INVALID_INPUT (no operation of this provider), until the take's deadline, and then less often for a day:
   * output that comes late is kept.
   */
  poll(operation: JsonValue, options?: CallOptions): Promise<TakeStatus>;
  /** Stops a take where the provider can; may be repeated. The result says whether it is still billed: then its output, should it come, is kept. */
  cancel?(operation: JsonValue): Promise<{ stillBilled: boolean }>;
}

/** `remove` fills from the surroundings; `extend` fills a border added around the picture; `replace` makes what the prompt says. */
export type InpaintMode = 'remove' | 'extend' | 'replace';

export interface InpaintRequest {
  /** RGB, upright. Of `extend`: already as large as the result; what lies under the mask means nothing. */
  image: RawImage;
  /** One channel, same size; 255 = change, 0 = keep, between = blend (feather). */
  mask: RawImage;
  mode: InpaintMode;
  /** One channel, same size; over 0 where nothing is to be copied from, such as the subject of a picture that is extended. Models do without. */
  avoid?: RawImage;
  /** One result a request: several takes are several requests with other seeds. */
  seed: number;
  /** What stands under the mask afterwards; only for a generative in-painter, which needs it for `replace`. */
  prompt?: string;
  /** What must not be there; only for a generative in-painter. */
  negativePrompt?: string;
  /** Words for what is replaced, where nothing here could mark it: only for an in-painter that `searches`, which finds it itself; the mask is all 255. */
  search?: string;
}

export interface InpaintResult {
  /** RGB, the size of the request's image. */
  image: RawImage;
  /** The algorithm, e.g. `PatchMatch (Barnes 2009)`, or the model's id. */
  algorithm: string;
  /** What was billed for it; absent: nothing. */
  costUsd?: number;
  /** What of the request was not honoured (a seed, a negative prompt, the size): sentences for the user. */
  notes?: string[];
}

/**
 * Repairs part of a picture. Pixels whose mask is 0 come back bit for bit, whatever a provider returns. Deterministic by seed where it is local.
 * UNSUPPORTED for a mode that is not among `modes`.
 */
export interface Inpainter {
  readonly id: string;
  readonly modes: readonly InpaintMode[];
  /** False: removal and texture fill only, prompts cannot be honoured. */
  readonly generative: boolean;
  /** Finds what is to be replaced by words, too. */
  readonly searches?: boolean;
  /** Price of one request in US dollars; absent: free. */
  estimate?(request: { mode: InpaintMode; width: number; height: number }): { costUsd: number };
  inpaint(request: InpaintRequest, options?: CallOptions & { onProgress?: (fraction: number) => void }): Promise<InpaintResult>;
}
