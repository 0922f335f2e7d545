import type { InpaintTask } from '../library/inpaint-task.ts';
import { round } from './asset-output.ts';

/** What is said of a mask: its share of the picture, the confidence of words, warnings. */
export function maskFacts(task: InpaintTask): {
  data: { changedShare: number; maskConfidence?: number; warnings?: string[]; width: number; height: number };
  text: string;
} {
  const { image, changedShare, confidence, search, warnings } = task;
  const found = confidence === undefined ? '' : ` found with a probability of ${confidence.toFixed(2)};`;
  const share = `${(changedShare * 100).toFixed(1)} % of ${image.width}x${image.height} pixels`;
  const text = search === undefined ? `Mask:${found} ${share}.` : `${share} are different.`;
  return {
    data: {
      changedShare: round(changedShare, 4),
      ...(confidence === undefined ? {} : { maskConfidence: confidence }),
      ...(warnings.length > 0 ? { warnings } : {}),
      width: image.width,
      height: image.height,
    },
    text: [text, ...warnings].join(' '),
  };
}
