import { camera, paint, surface } from './mesh.mjs';
import { blur, circle, clamp, document, ellipse, group, linear, list, mix, n, path, radial, ramp, random, rect, relief, rgb } from './svg.mjs';
import { caustics } from './water.mjs';

/** A big sea snail's shell on the beach, by Raup's coiling model (Raup 1966): a growing tube wound around a falling axis. */
const [WIDTH, HEIGHT] = [1920, 1080];
const TURNS = 5;
/** Where the last turn ends, seen from the camera: the mouth looks at us. */
const MOUTH = 0.75;
const GROWTH = Math.log(1.78) / (2 * Math.PI);

/** `tilt` turns the axis into the picture plane, so that the shell lies on its side. */
function lay([x, y, z]) {
  const [a, b] = [1.1, 0.42];
  const [x1, y1] = [x * Math.cos(a) - y * Math.sin(a), x * Math.sin(a) + y * Math.cos(a)];
  return [x1 * Math.cos(b) + z * Math.sin(b), y1, -x1 * Math.sin(b) + z * Math.cos(b)];
}

function coil(u, v) {
  const turn = u ** 0.62 * TURNS * 2 * Math.PI;
  const scale = Math.exp(GROWTH * (turn - TURNS * 2 * Math.PI));
  const around = v * 2 * Math.PI;
  const shoulder = Math.max(0, Math.cos(around - 0.95)) ** 10;
  const knobs = 0.2 * shoulder * Math.max(0, Math.cos(turn * 5.5)) ** 3;
  const ribs = 0.012 * Math.cos(around * 11) + 0.008 * Math.cos(turn * 13);
  const lip = 0.24 * clamp((u - 0.94) / 0.06) ** 2 * Math.max(0, Math.cos(around + 0.25));
  const r = 0.6 * (1 + knobs + ribs + lip);
  const tail = Math.max(0, Math.cos(around + 1.95)) ** 3;
  const radius = 0.52 + r * Math.cos(around) * (1 - 0.35 * tail);
  const height = -1.55 + r * 1.12 * Math.sin(around) - 0.85 * tail;
  const at = turn - TURNS * 2 * Math.PI + MOUTH;
  return lay([scale * radius * Math.cos(at), scale * height + 0.9, scale * radius * Math.sin(at)]);
}

const BANDS = [
  [0, '#f8ead2'],
  [0.3, '#f3cfa4'],
  [0.45, '#d98f5c'],
  [0.52, '#b8653c'],
  [0.6, '#e3a878'],
  [0.8, '#f6dfc0'],
  [1, '#f8ead2'],
];
function material(u, v) {
  const wave = 0.5 + 0.5 * Math.sin(u ** 0.62 * TURNS * 2 * Math.PI * 2.6 + Math.sin(v * 15) * 1.2 + Math.sin(v * 12.6) * 2.2);
  const base = mix(ramp(BANDS, (v * 2.02 + 0.1) % 1), rgb('#a4532f'), 0.6 * clamp((wave - 0.62) * 2.4) * (0.4 + 0.6 * Math.sin(v * 11) ** 2));
  return { colour: mix(base, rgb('#fff3e2'), 0.25), gloss: 0.4, shine: 26 };
}

/** The mouth: the tube's end, closed a little way in, pink and glossy. */
function mouth(u, v) {
  const edge = coil(1, v);
  const [inside, r] = [coil(0.97, 0.06), u * 0.985];
  const centre = [0, 1, 2].map((k) => (coil(1, 0)[k] + coil(1, 0.25)[k] + coil(1, 0.5)[k] + coil(1, 0.75)[k]) / 4);
  const deep = [0, 1, 2].map((k) => centre[k] * 0.55 + inside[k] * 0.45);
  return [0, 1, 2].map((k) => deep[k] * (1 - r) + edge[k] * r - (edge[k] - centre[k]) * 0);
}

const pebbles = (rand) =>
  list(90, () => {
    const [x, y] = [rand() * WIDTH, 430 + rand() * 640];
    const size = 2 + 9 * rand() ** 3;
    const tint = ['#b89a72', '#e8d9bd', '#8d7a60', '#f4ece0', '#a8a29a'][Math.floor(rand() * 5)];
    return `${ellipse(x + size * 0.6, y + size * 0.55, size * 1.2, size * 0.6, 'fill="#6b5233" opacity="0.35"')}${ellipse(x, y, size, size * 0.72, `fill="${tint}"`)}${ellipse(x - size * 0.25, y - size * 0.25, size * 0.4, size * 0.25, 'fill="#fff" opacity="0.5"')}`;
  });

function shoreline(base, swing, seed) {
  const rand = random(seed);
  const phases = list(5, () => rand() * 6.3);
  return list(49, (i) => {
    const x = i * 40;
    return [x, base + swing * (Math.sin(x / 340 + phases[0]) + 0.45 * Math.sin(x / 150 + phases[1]) + 0.2 * Math.sin(x / 70 + phases[2])) - x * 0.07];
  });
}

function foam(rand, line, spread, count) {
  return list(count, () => {
    const [x, y] = line[Math.floor(rand() * line.length)];
    const away = rand() ** 2.4;
    return circle(x + rand() * 44 - 22, y + 6 - away * spread, 0.8 + 4.2 * rand() ** 3, `fill="#fff" opacity="${(0.95 - 0.6 * away).toFixed(2)}"`);
  });
}

export function draw() {
  const rand = random(9);
  const view = camera({ eye: [0.15, 2.5, 5.4], target: [0.05, -0.05, 0], focal: 1780, centre: [960, 640] });
  const light = { direction: [-0.6, 0.85, 0.42], sun: [0.82, 0.76, 0.64], sky: [0.3, 0.32, 0.36], ground: [0.36, 0.28, 0.19] };
  const shell = surface(coil, [640, 84], material);
  const opening = surface(mouth, [14, 60], (u) => ({
    colour: ramp(
      [
        [0, '#7a2f34'],
        [0.45, '#d9776a'],
        [0.8, '#f7b59c'],
        [1, '#ffe3d0'],
      ],
      u,
    ),
    gloss: 0.55,
    shine: 20,
  }));
  const line = shoreline(330, 34, 2);
  const old = shoreline(470, 26, 6);
  const edge = (points) => points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L');
  const ripples = list(34, (i) => {
    const y = 430 + i * 22;
    return path(
      `M-20 ${y}${list(25, () => `q40 ${n((rand() - 0.5) * 20)} 80 ${n((rand() - 0.5) * 9)}`).join('')}`,
      `stroke="${i % 2 ? '#fff2d8' : '#8a693e'}" opacity="${(0.05 + rand() * 0.11).toFixed(2)}" stroke-width="${n(5 + rand() * 10)}"`,
    );
  });
  const defs = [
    linear('sand', [
      [0, '#caa774'],
      [0.45, '#dfc08e'],
      [1, '#edd3a3'],
    ]),
    linear('wet', [
      [0, '#6d5a42', 0.85],
      [0.75, '#8a6f4c', 0.6],
      [1, '#a98a5e', 0],
    ]),
    linear('sea', [
      [0, '#1597a8'],
      [0.5, '#46c3c4', 0.92],
      [0.85, '#a8e6dc', 0.7],
      [1, '#e8fbf4', 0.55],
    ]),
    relief('grains', { frequency: '0.55', octaves: 3, seed: 3, scale: 1.9, elevation: 55, strength: 0.75 }),
    caustics('net', { frequency: '0.006 0.013', seed: 14, gain: 8 }),
    blur('soft', 22),
    blur('close', 9),
    blur('polish', 1.1),
    blur('ripple', 5),
    radial('glow', [
      [0, '#fff3d0', 0.5],
      [1, '#fff3d0', 0],
    ]),
    radial(
      'vignette',
      [
        [0.6, '#2a1803', 0],
        [1, '#2a1803', 0.4],
      ],
      { r: 0.78 },
    ),
    `<clipPath id="water"><path d="M0 0L${edge(line)}L${WIDTH} 0Z"/></clipPath>`,
  ];
  return document(
    WIDTH,
    HEIGHT,
    defs,
    group('filter="url(#grains)"', rect(0, 0, WIDTH, HEIGHT, 'fill="url(#sand)"'), group('fill="none" filter="url(#ripple)"', ripples)),
    path(`M0 0L${edge(old)}L${WIDTH} 0Z`, 'fill="url(#wet)" filter="url(#close)"'),
    pebbles(rand),
    path(`M0 0L${edge(line.map(([x, y]) => [x, y + 16]))}L${WIDTH} 0Z`, 'fill="#3d2c18" opacity="0.35" filter="url(#close)"'),
    path(`M0 0L${edge(line)}L${WIDTH} 0Z`, 'fill="url(#sea)"'),
    group('clip-path="url(#water)"', rect(0, 0, WIDTH, 400, 'filter="url(#net)" opacity="0.8"')),
    path(`M${edge(line)}`, 'fill="none" stroke="#fff" stroke-width="13" stroke-linejoin="round" opacity="0.92"'),
    foam(rand, line, 90, 2600),
    foam(rand, shoreline(170, 22, 8), 50, 1100),
    ellipse(700, 420, 1000, 520, 'fill="url(#glow)"'),
    ellipse(1130, 835, 560, 80, 'fill="#3a240c" opacity="0.5" filter="url(#soft)"'),
    ellipse(985, 843, 330, 46, 'fill="#2a1806" opacity="0.55" filter="url(#close)"'),
    group('filter="url(#polish)"', paint([...shell, ...opening], view, light)),
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#vignette)"'),
  );
}
