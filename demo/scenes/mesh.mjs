import { clamp, hex, n } from './svg.mjs';

/** Solid things as SVG: a parametric surface becomes small flat quadrilaterals, shaded, projected and painted from back to front. */

export const sub = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const unit = (a) => {
  const length = Math.hypot(...a) || 1;
  return a.map((x) => x / length);
};

/** Perspective camera: `eye` and `target` in the scene, y up; `focal` in pixels; the target lands on `centre`. Returns `(point) => [x, y, depth]`. */
export function camera({ eye, target, focal, centre }) {
  const forward = unit(sub(target, eye));
  const right = unit(cross(forward, [0, 1, 0]));
  const up = cross(right, forward);
  const project = (point) => {
    const ray = sub(point, eye);
    const depth = dot(ray, forward);
    return [centre[0] + (focal * dot(ray, right)) / depth, centre[1] - (focal * dot(ray, up)) / depth, depth];
  };
  return { project, eye };
}

/** Cuts `surface(u, v)` (both 0..1) into quads. `material(u, v, normal, point)` gives `{ colour: [r, g, b], gloss, shine }`. */
export function surface(shape, [uSteps, vSteps], material) {
  const quads = [];
  const grid = Array.from({ length: uSteps + 1 }, (_, i) => Array.from({ length: vSteps + 1 }, (_, j) => shape(i / uSteps, j / vSteps)));
  for (let i = 0; i < uSteps; i++) {
    for (let j = 0; j < vSteps; j++) {
      const points = [grid[i][j], grid[i + 1][j], grid[i + 1][j + 1], grid[i][j + 1]];
      const normal = unit(cross(sub(points[2], points[0]), sub(points[3], points[1])));
      if (Number.isFinite(normal[0])) quads.push({ points, normal, u: (i + 0.5) / uSteps, v: (j + 0.5) / vSteps, material });
    }
  }
  return quads;
}

/** Lambert plus Blinn-Phong on the side that faces the eye, with light from sky and ground. */
export function lit(normal, point, eye, { colour, gloss = 0, shine = 30, glow = 0 }, light) {
  const view = unit(sub(eye, point));
  const facing = dot(normal, view) < 0 ? normal.map((x) => -x) : normal;
  const direct = clamp(dot(facing, light.direction));
  const sky = 0.5 + 0.5 * facing[1];
  const half = unit(light.direction.map((x, k) => x + view[k]));
  const spot = gloss * clamp(dot(facing, half)) ** shine;
  return colour.map((c, k) => c * (light.sun[k] * direct + light.sky[k] * sky + light.ground[k] * (1 - sky) + glow) + spot * light.sun[k]);
}

/** Draws quads; `seam` is the width of the outline that hides the joints, in pixels; `closed: 1 | -1` leaves out what faces away (the sign is the winding's). */
export function paint(quads, view, light, { seam = 0.9, closed } = {}) {
  const direction = unit(light.direction);
  const shown = closed ? quads.filter(({ normal, points }) => closed * dot(normal, sub(view.eye, points[0])) > 0) : quads;
  const drawn = shown.map(({ points, normal, u, v, material }) => {
    const corners = points.map(view.project);
    const middle = points[0].map((_, k) => (points[0][k] + points[1][k] + points[2][k] + points[3][k]) / 4);
    const colour = hex(lit(normal, middle, view.eye, material(u, v, normal, middle), { ...light, direction }));
    return { depth: Math.hypot(...sub(middle, view.eye)), colour, corners };
  });
  drawn.sort((a, b) => b.depth - a.depth);
  return drawn
    .filter(({ corners }) => corners.every(([, , depth]) => depth > 0.01))
    .map(({ colour, corners }) => `<path d="M${corners.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}Z" fill="${colour}" stroke="${colour}"/>`)
    .reduce((all, part) => all + part, `<g stroke-width="${seam}" stroke-linejoin="round">`)
    .concat('</g>');
}
