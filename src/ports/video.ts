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
}

/** Why a take failed: a fixed list; a provider's own text never gets further than stderr. */
export type TakeFailure = 'contentPolicy' | 'invalidRequest' | 'providerError' | 'timeout' | 'noCodec' | 'outOfDisk';

export type TakeStatus =
  | { state: 'running'; progress?: number }
  /** `path` is a finished local file that the caller takes over (moves away). */
  | { state: 'succeeded'; path: string; mediaType: string; costUsd: number; notes: string[] }
  | { state: 'failed'; reason: TakeFailure; message: string }
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
   * The same `token` never starts (bills) twice. Throws INVALID_INPUT before anything was sent where the shot is beyond the capabilities.
   */
  start(shot: ShotRequest, options: { token: string } & CallOptions): Promise<JsonValue>;
  /** The operation that a lost answer belonged to, or `undefined`. */
  find?(token: string): Promise<JsonValue | undefined>;
  poll(operation: JsonValue, options?: CallOptions): Promise<TakeStatus>;
  /** Stops a take where the provider can; the result says whether it is still billed. */
  cancel?(operation: JsonValue): Promise<{ stillBilled: boolean }>;
}

export interface InpaintRequest {
  /** RGB, upright. */
  image: RawImage;
  /** One channel, same size; 255 = change, 0 = keep, between = blend (feather). */
  mask: RawImage;
  mode: 'remove';
  seed: number;
}

export interface InpaintResult {
  image: RawImage;
  /** e.g. `PatchMatch (Barnes 2009)`. */
  algorithm: string;
}

/** Repairs part of a picture. Pixels whose mask is 0 come back bit for bit. Deterministic by seed. */
export interface Inpainter {
  readonly id: string;
  /** False: removal and texture fill only, prompts cannot be honoured. */
  readonly generative: boolean;
  inpaint(request: InpaintRequest, options?: CallOptions & { onProgress?: (fraction: number) => void }): Promise<InpaintResult>;
}
