import { boxMean, combine, type Grid } from './box-filter.ts';

/** Contrast across an outline that counts as an edge, in luma levels; own choice, judged on fur, leather and leaves. */
const EDGE_LEVELS = 7;
/** The filter blurs an outline that it cannot find; this much steeper it is again as sharp as the picture. */
const STEEPER = 1.6;

/**
 * A coarse matte (0 to 1, enlarged `scale` times) drawn onto the outlines of the picture: guided filter (He, Sun, Tang 2010, "Guided Image
 * Filtering"), with luma as the guide. Only the neighbourhood of the outline changes.
 */
export function refineMatte(matte: Grid, luma: Grid, scale: number): Grid {
  const radius = Math.max(1, Math.round(1.5 * scale));
  const mean = (grid: Grid) => boxMean(grid, radius);
  const [guide, coarse] = [mean(luma), mean(matte)];
  const both = mean(combine([luma], (at) => luma.data[at] * matte.data[at]));
  const square = mean(combine([luma], (at) => luma.data[at] ** 2));
  const slope = combine(
    [guide],
    (at) => (both.data[at] - guide.data[at] * coarse.data[at]) / (Math.max(0, square.data[at] - guide.data[at] ** 2) + EDGE_LEVELS ** 2),
  );
  const offset = combine([guide], (at) => coarse.data[at] - slope.data[at] * guide.data[at]);
  const [slopes, offsets] = [mean(slope), mean(offset)];
  return combine([matte], (at) => {
    const near = coarse.data[at];
    if (near < 0.004 || near > 0.996) return near < 0.5 ? 0 : 1;
    const value = (slopes.data[at] * luma.data[at] + offsets.data[at] - 0.5) * STEEPER + 0.5;
    return Math.min(Math.max(value, 0), 1);
  });
}
