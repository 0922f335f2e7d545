import type { RawImage } from '../../../ports/pictures.ts';
import { loadOpenCv, type OpenCv, type OpenCvMat } from '../opencv.ts';

export interface GrabCutCv extends OpenCv {
  Rect: new (x: number, y: number, width: number, height: number) => unknown;
  GC_BGD: number;
  GC_FGD: number;
  GC_PR_BGD: number;
  GC_PR_FGD: number;
  GC_INIT_WITH_MASK: number;
  GC_EVAL_FREEZE_MODEL: number;
  grabCut(image: OpenCvMat, mask: OpenCvMat, rect: unknown, background: OpenCvMat, foreground: OpenCvMat, iterations: number, mode: number): void;
}

/** What is believed of a pixel before the cut; OpenCV's numbers (GrabCutClasses). */
export const LABEL = { background: 0, thing: 1, maybeBackground: 2, maybeThing: 3 } as const;

/** OpenCV's sample takes 5; more changed nothing. */
const ITERATIONS = 5;

/**
 * Separates a thing from its background by colour (Rother, Kolmogorov, Blake 2004, "GrabCut"), starting from one label a pixel: one byte a pixel,
 * 1 = the thing. Where no pixel can be background all of them are the thing, and the other way round.
 */
export async function cutByColour(image: RawImage, labels: Uint8Array): Promise<Uint8Array> {
  const isThing = (label: number) => label === LABEL.thing || label === LABEL.maybeThing;
  if (labels.every(isThing) || !labels.some(isThing)) return labels.map((label) => (isThing(label) ? 1 : 0));
  const { cv } = await loadOpenCv<GrabCutCv>();
  const { width, height } = image;
  const pixels = new cv.Mat(height, width, cv.CV_8UC3);
  const cut = new cv.Mat(height, width, cv.CV_8UC1);
  const [background, foreground] = [new cv.Mat(), new cv.Mat()];
  try {
    pixels.data.set(image.data);
    cut.data.set(labels);
    cv.grabCut(pixels, cut, new cv.Rect(0, 0, 1, 1), background, foreground, ITERATIONS, cv.GC_INIT_WITH_MASK);
    return Uint8Array.from(cut.data, (label) => (isThing(label) ? 1 : 0));
  } finally {
    for (const mat of [pixels, cut, background, foreground]) mat.delete();
  }
}
