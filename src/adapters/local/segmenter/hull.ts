export type Corner = readonly [x: number, y: number];

/** Corners of the smallest convex outline around the points, clockwise on the screen (Andrew 1979, "Another efficient algorithm for convex hulls"). */
export function convexHull(points: readonly Corner[]): Corner[] {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  const lower = chain(sorted);
  const upper = chain(sorted.toReversed());
  return [...lower.slice(0, -1), ...upper.slice(0, -1)];
}

function chain(points: readonly Corner[]): Corner[] {
  const kept: Corner[] = [];
  for (const point of points) {
    while (kept.length > 1 && turn(kept[kept.length - 2], kept[kept.length - 1], point) <= 0) kept.pop();
    kept.push(point);
  }
  return kept;
}

function turn(a: Corner, b: Corner, c: Corner): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** Sets the pixels whose centre lies inside a convex outline. */
export function fillHull(out: Uint8Array, size: { width: number; height: number }, hull: readonly Corner[], value: number): void {
  for (let row = 0; row < size.height; row++) {
    const y = row + 0.5;
    const crossings: number[] = [];
    hull.forEach((a, index) => {
      const b = hull[(index + 1) % hull.length];
      if (a[1] <= y !== b[1] <= y) crossings.push(a[0] + ((y - a[1]) / (b[1] - a[1])) * (b[0] - a[0]));
    });
    if (crossings.length < 2) continue;
    out.fill(value, row * size.width + Math.round(Math.min(...crossings)), row * size.width + Math.round(Math.max(...crossings)));
  }
}
