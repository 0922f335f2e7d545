import type { Frame } from './frames.ts';

/** How much of it: from words such as "light" and "heavy". */
export type Density = 'light' | 'normal' | 'heavy';

/** Where and when a frame is: `shift` is how far the picture has moved on screen since the first frame, in output pixels. */
export interface Moment {
  index: number;
  timeSeconds: number;
  shiftX: number;
  shiftY: number;
}

/** Draws one effect over a finished frame. Deterministic: the same seed and moment give the same pixels. */
export type Overlay = (frame: Frame, moment: Moment) => void;
