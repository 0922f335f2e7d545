import type { Box, RawImage } from '../../../ports/pictures.ts';
import { loadOpenCv, type OpenCvMat } from '../opencv.ts';
import type { GrabCutCv } from '../segmenter/grab-cut.ts';

/** How far outside its box a subject may reach, as shares of the picture: boxes are loose at the sides and often end above the feet. */
export interface Reach {
  side: number;
  top: number;
  bottom: number;
}

const ITERATIONS = 3;
/** Share of the box's inscribed ellipse, from the middle, that is the subject for sure. */
const CERTAIN = 0.2;

/**
 * Separates a subject from its background by colour (Rother, Kolmogorov, Blake 2004, "GrabCut"): one byte a pixel, 1 = subject, 0 = background,
 * 2 = background at the limit of its `reach`. What lies below the box takes no part in learning the colours, because it may be either.
 */
export async function grabCut(image: RawImage, box: Box, reach: Reach): Promise<Uint8Array> {
  const { cv } = await loadOpenCv<GrabCutCv>();
  const labels = label(cv, image, box, reach);
  const { width, height } = image;
  const learned = Math.min(height, Math.ceil((box.y + box.height) * height) + 1);
  const mats: OpenCvMat[] = [];
  const open = (mat: OpenCvMat) => {
    mats.push(mat);
    return mat;
  };
  try {
    const upper = open(new cv.Mat(learned, width, cv.CV_8UC3));
    const upperLabels = open(new cv.Mat(learned, width, cv.CV_8UC1));
    const [background, foreground] = [open(new cv.Mat()), open(new cv.Mat())];
    upper.data.set(image.data.subarray(0, learned * width * 3));
    upperLabels.data.set(labels.subarray(0, learned * width));
    cv.grabCut(upper, upperLabels, new cv.Rect(0, 0, 1, 1), background, foreground, ITERATIONS, cv.GC_INIT_WITH_MASK);
    labels.set(upperLabels.data);
    if (learned < height) {
      const whole = open(new cv.Mat(height, width, cv.CV_8UC3));
      const wholeLabels = open(new cv.Mat(height, width, cv.CV_8UC1));
      whole.data.set(image.data);
      wholeLabels.data.set(labels);
      cv.grabCut(whole, wholeLabels, new cv.Rect(0, 0, 1, 1), background, foreground, 1, cv.GC_EVAL_FREEZE_MODEL);
      labels.set(wholeLabels.data);
    }
  } finally {
    for (const mat of mats) mat.delete();
  }
  return labels.map((value) => (value === cv.GC_FGD || value === cv.GC_PR_FGD ? 1 : value === cv.GC_BGD ? 2 : 0));
}

function label(cv: GrabCutCv, { width, height }: RawImage, box: Box, reach: Reach): Uint8Array {
  const labels = new Uint8Array(width * height).fill(cv.GC_PR_BGD);
  for (let y = 0; y < height; y++) {
    const down = ((y + 0.5) / height - box.y - box.height / 2) / (box.height / 2);
    for (let x = 0; x < width; x++) {
      const across = ((x + 0.5) / width - box.x - box.width / 2) / (box.width / 2);
      const distance = across * across + down * down;
      const outside =
        ((Math.abs(across) - 1) * box.width) / 2 > reach.side || ((-down - 1) * box.height) / 2 > reach.top || ((down - 1) * box.height) / 2 > reach.bottom;
      if (distance < CERTAIN * CERTAIN) labels[y * width + x] = cv.GC_FGD;
      else if (distance < 1) labels[y * width + x] = cv.GC_PR_FGD;
      else if (outside) labels[y * width + x] = cv.GC_BGD;
    }
  }
  return labels;
}
