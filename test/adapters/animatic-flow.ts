import { HEIGHT, WIDTH } from './animatic-pictures.ts';

export interface Shift {
  dx: number;
  dy: number;
}

function sampleAt(luma: Uint8Array, x: number, y: number): number {
  const [column, row] = [Math.min(Math.max(Math.floor(x), 0), WIDTH - 2), Math.min(Math.max(Math.floor(y), 0), HEIGHT - 2)];
  const at = row * WIDTH + column;
  const upper = luma[at] + (luma[at + 1] - luma[at]) * (x - column);
  const lower = luma[at + WIDTH] + (luma[at + WIDTH + 1] - luma[at + WIDTH]) * (x - column);
  return upper + (lower - upper) * (y - row);
}

/**
 * How the block of 2 * half pixels around (x, y) of `before` moved in `after`: the best whole-pixel shift within `range`, then Gauss-Newton steps
 * on the squared difference (Lucas and Kanade 1981) to a few hundredths of a pixel.
 */
export function blockShift(before: Uint8Array, after: Uint8Array, x: number, y: number, { half = 12, range = 16 } = {}): Shift {
  let best = { dx: 0, dy: 0, cost: Number.POSITIVE_INFINITY };
  for (let dy = -range; dy <= range; dy++) {
    for (let dx = -range; dx <= range; dx++) {
      if (x + dx - half < 0 || y + dy - half < 0 || x + dx + half > WIDTH || y + dy + half > HEIGHT) continue;
      let cost = 0;
      // Every second pixel is enough to find the whole-pixel shift.
      for (let row = y - half; row < y + half; row += 2) {
        for (let column = x - half; column < x + half; column += 2) cost += Math.abs(before[row * WIDTH + column] - after[(row + dy) * WIDTH + column + dx]);
      }
      if (cost < best.cost) best = { dx, dy, cost };
    }
  }
  let { dx, dy } = best;
  for (let round = 0; round < 8; round++) {
    let [xx, xy, yy, xt, yt] = [0, 0, 0, 0, 0];
    for (let row = y - half; row < y + half; row++) {
      for (let column = x - half; column < x + half; column++) {
        const [u, v] = [column + dx, row + dy];
        const gx = (sampleAt(after, u + 1, v) - sampleAt(after, u - 1, v)) / 2;
        const gy = (sampleAt(after, u, v + 1) - sampleAt(after, u, v - 1)) / 2;
        const difference = before[row * WIDTH + column] - sampleAt(after, u, v);
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
        xt += gx * difference;
        yt += gy * difference;
      }
    }
    const determinant = xx * yy - xy * xy;
    if (determinant < 1) break;
    dx += (yy * xt - xy * yt) / determinant;
    dy += (xx * yt - xy * xt) / determinant;
  }
  return { dx, dy };
}

/** Scale, turn (radians, positive: clockwise on screen) and shift of the middle that fit the shifts of blocks at these places best (least squares). */
export function fitSimilarity(moved: { x: number; y: number; shift: Shift }[]): { scale: number; turn: number; dx: number; dy: number } {
  const [middleX, middleY] = [WIDTH / 2, HEIGHT / 2];
  const mean = (value: (item: (typeof moved)[number]) => number) => moved.reduce((sum, item) => sum + value(item), 0) / moved.length;
  const [x0, y0] = [mean(({ x }) => x), mean(({ y }) => y)];
  const [u0, v0] = [mean(({ x, shift }) => x + shift.dx), mean(({ y, shift }) => y + shift.dy)];
  let [along, across, power] = [0, 0, 0];
  for (const { x, y, shift } of moved) {
    const [a, b, c, d] = [x - x0, y - y0, x + shift.dx - u0, y + shift.dy - v0];
    along += a * c + b * d;
    across += a * d - b * c;
    power += a * a + b * b;
  }
  const [p, q] = [along / power, across / power];
  const dx = u0 + p * (middleX - x0) - q * (middleY - y0) - middleX;
  const dy = v0 + q * (middleX - x0) + p * (middleY - y0) - middleY;
  return { scale: Math.hypot(p, q), turn: Math.atan2(q, p), dx, dy };
}
