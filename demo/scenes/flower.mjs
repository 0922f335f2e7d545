import { camera, paint, surface } from './mesh.mjs';
import { blur, circle, clamp, document, ellipse, group, list, mix, n, path, radial, ramp, random, rect } from './svg.mjs';

/** A purple daisy in a meadow: three whorls of modelled petals around florets in a golden-angle spiral. */
const [WIDTH, HEIGHT] = [1920, 1080];
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));
const PETAL = [
  [0, '#3b0f63'],
  [0.22, '#6a1fa8'],
  [0.6, '#a24be0'],
  [0.9, '#cf93f5'],
  [1, '#efd6ff'],
];

function petal(rand, { angle, reach, rise, wide }) {
  const [twist, droop, shade] = [(rand() - 0.5) * 0.35, rise + (rand() - 0.5) * 0.22, 0.86 + rand() * 0.22];
  const shape = (u, v) => {
    const along = 0.24 + u * reach;
    const half = wide * Math.sin(Math.PI * (0.1 + 0.9 * u) ** 0.85) ** 0.7 * (1 - 0.06 * Math.cos(v * 25) * u);
    const across = (v - 0.5) * 2;
    const height = droop * Math.sin(u * 2.3) - 0.1 * u * u + 0.11 * across * across * (1 - 0.5 * u) + twist * across * half + 0.012 * Math.cos(across * 15);
    const [x, z] = [along, across * half];
    return [x * Math.cos(angle) - z * Math.sin(angle), height, x * Math.sin(angle) + z * Math.cos(angle)];
  };
  const material = (u, v) => {
    const vein = 0.9 + 0.1 * Math.cos((v - 0.5) * 46) + 0.05 * Math.sin(u * 60 + v * 9);
    return { colour: ramp(PETAL, u).map((c) => c * vein * shade), gloss: 0.16, shine: 14 };
  };
  return surface(shape, [30, 22], material);
}

function florets(rand) {
  const count = 330;
  return list(count, (i) => {
    const r = 0.31 * Math.sqrt((i + 0.5) / count);
    const angle = i * GOLDEN_ANGLE;
    const size = 0.0135 + 0.006 * (r / 0.31);
    const top = 0.13 - 0.9 * r * r + 0.02 * rand();
    const colour = ramp(
      [
        [0, '#7d8b1e'],
        [0.4, '#e0a10f'],
        [0.8, '#ffcb2e'],
        [1, '#ffe680'],
      ],
      r / 0.31 + (rand() - 0.5) * 0.3,
    );
    const shape = (u, v) => {
      const [a, b] = [u * Math.PI * 0.55, v * Math.PI * 2];
      return [r * Math.cos(angle) + size * Math.sin(a) * Math.cos(b), top + size * 2.1 * Math.cos(a), r * Math.sin(angle) + size * Math.sin(a) * Math.sin(b)];
    };
    return surface(shape, [3, 7], (u) => ({ colour: mix(colour, [0.38, 0.18, 0.02], u * 0.75), gloss: 0.3, shine: 12 }));
  }).flat();
}

const bokeh = (rand) =>
  list(120, () => {
    const size = 20 + rand() * 90;
    const tint = ['#cfe88a', '#8fc65b', '#f2e6a0', '#5ea34d', '#c9a0ea', '#ffffff'][Math.floor(rand() * 6)];
    return circle(rand() * WIDTH, rand() * HEIGHT, size, `fill="${tint}" opacity="${(0.05 + rand() * 0.14).toFixed(2)}"`);
  });

const grass = (rand) =>
  list(150, () => {
    const [x, tall, lean] = [rand() * WIDTH, 240 + rand() * 560, (rand() - 0.5) * 300];
    const wide = 7 + rand() * 15;
    const d = `M${n(x)} ${HEIGHT + 10}Q${n(x + lean * 0.2)} ${n(HEIGHT - tall * 0.6)} ${n(x + lean)} ${n(HEIGHT - tall)}Q${n(x + lean * 0.2 + wide * 1.4)} ${n(HEIGHT - tall * 0.55)} ${n(x + wide)} ${HEIGHT + 10}Z`;
    return path(d, `fill="${['#2f6b2a', '#4c8d33', '#1d4a24', '#78b04a'][Math.floor(rand() * 4)]}" opacity="0.75"`);
  });

export function draw() {
  const rand = random(31);
  const view = camera({ eye: [0.4, 2.9, 1.5], target: [0, -0.02, 0], focal: 1330, centre: [985, 530] });
  const light = { direction: [-0.55, 0.8, 0.15], sun: [0.78, 0.74, 0.68], sky: [0.42, 0.42, 0.5], ground: [0.2, 0.22, 0.2] };
  const whorl = (count, options) =>
    list(count, (i) => petal(rand, { angle: ((i + (options.turn ?? 0) + (rand() - 0.5) * 0.25) / count) * Math.PI * 2, ...options })).flat();
  const back = whorl(17, { reach: 1, rise: 0.06, wide: 0.19 });
  const middle = whorl(16, { reach: 0.88, rise: 0.2, wide: 0.17, turn: 0.5 });
  const front = whorl(13, { reach: 0.62, rise: 0.36, wide: 0.125, turn: 0.2 });
  const heart = surface(
    (u, v) => [0.33 * u * Math.cos(v * 6.283), 0.1 - 0.1 * u * u, 0.33 * u * Math.sin(v * 6.283)],
    [8, 40],
    () => ({ colour: [0.33, 0.22, 0.04] }),
  );
  const dew = list(26, () => [rand() * 6.283, 0.45 + rand() * 0.4]).map(([angle, r]) => {
    const [x, y] = view.project([r * Math.cos(angle), 0.16, r * Math.sin(angle)]);
    const size = 3 + rand() * 7;
    return `${ellipse(x, y, size, size * 0.9, 'fill="url(#drop)"')}${circle(x - size * 0.35, y - size * 0.35, clamp(size * 0.22, 1, 3), 'fill="#fff"')}`;
  });
  const defs = [
    radial(
      'meadow',
      [
        [0, '#b9dd74'],
        [0.45, '#5f9c46'],
        [1, '#14341f'],
      ],
      { cx: 0.3, cy: 0.18, r: 1 },
    ),
    radial('drop', [
      [0, '#ffffff', 0.1],
      [0.7, '#d9b6ff', 0.3],
      [1, '#ffffff', 0.75],
    ]),
    radial(
      'vignette',
      [
        [0.55, '#05140a', 0],
        [1, '#05140a', 0.62],
      ],
      { r: 0.75 },
    ),
    blur('far', 34),
    blur('mid', 9),
  ];
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#meadow)"'),
    group('filter="url(#far)"', bokeh(rand)),
    group('filter="url(#mid)"', grass(rand)),
    bokeh(rand).slice(0, 36),
    paint(back, view, light),
    paint(middle, view, light),
    paint(front, view, light),
    paint(heart, view, light),
    paint(florets(rand), view, light),
    dew,
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#vignette)"'),
  );
}
