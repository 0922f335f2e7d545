import type { Frame } from './frames.ts';

/** How much of it: from words such as "light" and "heavy". */
export type Density = 'light' | 'normal' | 'heavy';

/** Where and when a frame is: `shift` is how far the picture has moved on screen since the first frame, in output pixels. */
export interface Moment {
  index: number;
  timeSeconds: number;
  shiftX: number;
  shiftY: number;
  /** Middle and size of the subject on screen, in output pixels; absent where none is known. */
  subject?: { x: number; y: number; width: number; height: number } | undefined;
}

/** Draws one effect over a finished frame. Deterministic: the same seed and moment give the same pixels. */
export type Overlay = (frame: Frame, moment: Moment) => void;
