import { camera } from './mesh.mjs';
import { cloudPaint, cumuli } from './sky.mjs';
import { clamp, clouds, document, ellipse, group, hex, lerp, linear, list, mix, n, path, radial, ramp, random, rect, rgb, smooth } from './svg.mjs';

/** Glass high-rises from the street: every pane is a small mirror of the sky, a little out of line with its neighbours. */
const [WIDTH, HEIGHT] = [1920, 1080];
const FLOOR = 0.36;

/** Value noise, 0..1, for the clouds that the glass reflects. */
function noise(seed) {
  const at = (x, y) => {
    const h = Math.sin(x * 127.1 + y * 311.7 + seed * 74.7) * 43758.5453;
    return h - Math.floor(h);
  };
  return (x, y) => {
    const [i, j] = [Math.floor(x), Math.floor(y)];
    const [u, v] = [smooth(0, 1, x - i), smooth(0, 1, y - j)];
    return lerp(lerp(at(i, j), at(i + 1, j), u), lerp(at(i, j + 1), at(i + 1, j + 1), u), v);
  };
}

const SKY = [
  [0, '#2c4258'],
  [0.22, '#5d8bb0'],
  [0.5, '#8fc0e0'],
  [0.75, '#5a9bd0'],
  [1, '#2f6cae'],
];
const polygon = (view, points, attributes) => {
  const corners = points.map(view.project);
  return corners.some(([, , depth]) => depth < 0.1) ? '' : path(`M${corners.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}Z`, attributes);
};

/** One wall: from `a` to `b` on the ground, `columns` panes wide; `tint` and `sun` set its character. */
function wall(rand, view, { a, b, bottom, top, columns, tint, sun, seed, frame }) {
  const clouded = noise(seed);
  const floors = Math.round((top - bottom) / FLOOR);
  const point = (s, y) => [lerp(a[0], b[0], s), y, lerp(a[1], b[1], s)];
  const quad = (s0, s1, y0, y1, attributes) => polygon(view, [point(s0, y0), point(s1, y0), point(s1, y1), point(s0, y1)], attributes);
  const panes = list(floors * columns, (k) => {
    const [row, column] = [Math.floor(k / columns), k % columns];
    const [s, y] = [column / columns, bottom + row * FLOOR];
    const up = clamp((y - bottom) / 15);
    const cloud = smooth(0.46, 0.74, 0.62 * clouded(s * 2.6 + seed, y * 0.32) + 0.38 * clouded(s * 7, y * 0.9 + seed));
    const street = smooth(0.32, 0.02, up + 0.1 * (clouded(Math.floor(s * 5) * 3.7, seed) - 0.5));
    let colour = mix(ramp(SKY, clamp(0.25 + 0.75 * up + (rand() - 0.5) * 0.08)), rgb('#f4f8fb'), cloud * 0.72);
    colour = mix(mix(colour, rgb(tint), 0.34), rgb('#1c2a36'), street * 0.72);
    if (rand() < 0.035) colour = mix(colour, rgb('#ffdf9a'), 0.75);
    const shine = sun * (0.82 + 0.3 * rand());
    const fill = hex(colour.map((c) => c * shine));
    return quad(s + 0.07 / columns, s + 0.93 / columns, y + FLOOR * 0.1, y + FLOOR * 0.94, `fill="${fill}"`);
  });
  return [quad(0, 1, bottom, top, `fill="${frame}"`), panes, quad(0, 1, top - 0.08, top + 0.16, `fill="${hex(rgb(frame).map((c) => c * 0.7))}"`)];
}

/** A block with its two walls towards us; `corner` is the nearest edge. */
function tower(rand, view, { corner, left, right, top, tint, seed, sunLeft = 1.06, sunRight = 0.66, columns = [12, 12], frame = '#33485a' }) {
  return group(
    '',
    wall(rand, view, { a: [corner[0] + left[0], corner[1] + left[1]], b: corner, bottom: -0.4, top, columns: columns[0], tint, sun: sunLeft, seed, frame }),
    wall(rand, view, {
      a: corner,
      b: [corner[0] + right[0], corner[1] + right[1]],
      bottom: -0.4,
      top,
      columns: columns[1],
      tint,
      sun: sunRight,
      seed: seed + 9,
      frame: '#1c2a37',
    }),
  );
}

/** A round tower: narrow walls around a half circle. */
function drum(rand, view, { centre, radius, top, tint, seed }) {
  const sides = 15;
  return list(sides, (i) => {
    const [from, to] = [i / sides, (i + 1) / sides].map((t) => lerp(Math.PI * 1.02, -0.02 * Math.PI, t));
    const at = (angle) => [centre[0] + radius * Math.cos(angle), centre[1] + radius * Math.sin(angle)];
    const facing = Math.cos((from + to) / 2 - 2.3);
    return wall(rand, view, {
      a: at(from),
      b: at(to),
      bottom: -0.4,
      top,
      columns: 2,
      tint,
      sun: 0.6 + 0.52 * clamp(facing),
      seed: seed + i * 0.13,
      frame: '#5f7587',
    });
  });
}

export function draw() {
  const rand = random(16);
  const view = camera({ eye: [0, 0.5, 9.5], target: [0, 6.1, 0], focal: 900, centre: [960, 560] });
  const towers = [
    tower(rand, view, { corner: [-1.5, -13], left: [-2.6, -1.6], right: [2.4, -1.4], top: 14, tint: '#7fa5c4', seed: 41, columns: [9, 9] }),
    tower(rand, view, { corner: [4.9, -12], left: [-2.2, -1.8], right: [3.4, -1.2], top: 17, tint: '#a6b8c4', seed: 33, columns: [9, 11] }),
    drum(rand, view, { centre: [1.15, -8], radius: 1.9, top: 15.8, tint: '#6fb2cf', seed: 5 }),
    tower(rand, view, { corner: [-4.3, -4.5], left: [-3.2, -1.6], right: [2.1, -2.4], top: 13.4, tint: '#4f8fb8', seed: 12, columns: [11, 10] }),
    tower(rand, view, {
      corner: [4.6, -3.2],
      left: [-1.5, -3.4],
      right: [3.8, -1.4],
      top: 12.2,
      tint: '#3f86a8',
      seed: 24,
      columns: [12, 11],
      sunLeft: 1.1,
      sunRight: 0.58,
    }),
  ];
  const defs = [
    linear('sky', [
      [0, '#1c5da8'],
      [0.45, '#4d97d3'],
      [0.8, '#a9d3ea'],
      [1, '#f3e7d0'],
    ]),
    radial('sun', [
      [0, '#fffdf2', 1],
      [0.1, '#fff4cf', 0.85],
      [0.35, '#ffeab8', 0.28],
      [1, '#ffeab8', 0],
    ]),
    clouds('wisps', { frequency: '0.002 0.006', octaves: 5, seed: 6, from: 0.47, gain: 3 }),
    ...cloudPaint({ shade: '#9db8d4' }),
    linear('street', [
      [0, '#0a1420', 0],
      [1, '#0a1420', 0.5],
    ]),
    radial(
      'vignette',
      [
        [0.6, '#061426', 0],
        [1, '#061426', 0.5],
      ],
      { r: 0.78 },
    ),
  ];
  const flare = list(6, (i) =>
    ellipse(lerp(560, 1500, i / 5), lerp(120, 760, i / 5), 12 + ((i * 37) % 50), 12 + ((i * 37) % 50), `fill="#fff4d8" opacity="0.07"`),
  );
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#sky)"'),
    rect(0, 0, WIDTH, 800, 'filter="url(#wisps)" opacity="0.55"'),
    cumuli(rand, { x: 900, y: 330, width: 560, height: 150 }, { x: 1330, y: 210, width: 360, height: 100 }),
    towers,
    group('style="mix-blend-mode:screen"', ellipse(560, 120, 520, 520, 'fill="url(#sun)"'), flare),
    rect(0, 700, WIDTH, 380, 'fill="url(#street)"'),
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#vignette)"'),
  );
}
