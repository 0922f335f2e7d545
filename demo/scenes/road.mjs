import { cloudPaint, cumuli } from './sky.mjs';
import { below, blur, clamp, clouds, document, ellipse, group, linear, list, n, path, polyline, radial, random, rect, relief, ridge } from './svg.mjs';

/** A straight road through a plain to the mountains, under a tall sky: high enough for a tilt from the asphalt to the clouds. */
const [WIDTH, HEIGHT, HORIZON] = [1920, 2300, 1450];
const VANISHING = 980;
const DEEP = HEIGHT - HORIZON;

/** A point on the ground: `side` in road half-widths, `near` 0 (horizon) to 1 (bottom edge). */
const ground = (side, near) => [VANISHING + side * (3 + 900 * near), HORIZON + near * DEEP];
const strip = (from, to, near, far) => `${polyline([ground(from, far), ground(to, far), ground(to, near), ground(from, near)])}Z`;

function dashes() {
  const farness = (z) => clamp(1 / (1 + z));
  return list(26, (k) => path(strip(-0.014, 0.014, farness(k * 0.55), farness(k * 0.55 + 0.3)), `fill="#f4d463" opacity="0.92"`));
}

function tufts(rand) {
  return list(2600, () => {
    const near = rand() ** 2.2;
    const side = (1.12 + rand() * (0.4 + 2.6 / (0.15 + near) / 6)) * (rand() < 0.5 ? -1 : 1);
    const [x, y] = ground(side, near);
    const tall = 3 + 95 * near * (0.4 + rand());
    const lean = (rand() - 0.3) * tall * 0.7;
    const tint = ['#8d8a3a', '#b5a447', '#6c7a34', '#d0bd62', '#566b30'][Math.floor(rand() * 5)];
    return {
      y,
      svg: path(
        `M${n(x)} ${n(y)}q${n(lean * 0.2)} ${n(-tall * 0.6)} ${n(lean)} ${n(-tall)}`,
        `stroke="${tint}" stroke-width="${n(0.8 + 5 * near)}" opacity="0.85"`,
      ),
    };
  })
    .sort((a, b) => a.y - b.y)
    .map(({ svg }) => svg);
}

function poles() {
  return list(9, (k) => {
    const near = 0.62 / (1 + k * 0.62);
    const [x, y] = ground(-1.32, near);
    const tall = 760 * near;
    const bar = 110 * near;
    return group(
      `stroke="#40332b" stroke-width="${n(1 + 17 * near)}"`,
      path(`M${n(x)} ${n(y)}V${n(y - tall)}M${n(x - bar)} ${n(y - tall * 0.93)}H${n(x + bar)}`, 'fill="none"'),
    );
  });
}

export function draw() {
  const rand = random(12);
  const defs = [
    linear('sky', [
      [0, '#1d5fae'],
      [0.35, '#4b93d6'],
      [0.68, '#9ccbea'],
      [0.88, '#e9e7d4'],
      [1, '#ffdcae'],
    ]),
    radial('sun', [
      [0, '#fff6da', 0.95],
      [0.2, '#ffe7b0', 0.55],
      [1, '#ffdca0', 0],
    ]),
    linear('plain', [
      [0, '#c9b878'],
      [0.12, '#a6a556'],
      [0.5, '#80893f'],
      [1, '#5d6b33'],
    ]),
    linear('asphalt', [
      [0, '#a9a39c'],
      [0.12, '#7d7b7b'],
      [1, '#4a4b50'],
    ]),
    linear('sheen', [
      [0, '#fff2d6', 0.55],
      [0.3, '#ffffff', 0.08],
      [1, '#ffffff', 0],
    ]),
    linear('peaks', [
      [0, '#f3f6fb'],
      [0.25, '#aab8cf'],
      [0.6, '#7288ab'],
      [1, '#98a6b8'],
    ]),
    linear('hills', [
      [0, '#5f7a6c'],
      [1, '#93a074'],
    ]),
    linear('haze', [
      [0, '#ffe6c4', 0],
      [0.8, '#ffe9cc', 0.75],
      [1, '#ffe9cc', 0.3],
    ]),
    relief('rock', { frequency: '0.011 0.007', octaves: 6, seed: 21, scale: 36, azimuth: 320, elevation: 46, strength: 0.6 }),
    relief('grain', { frequency: '0.7', octaves: 2, seed: 4, scale: 1.6, elevation: 60, strength: 0.7 }),
    relief('field', { frequency: '0.008 0.09', octaves: 4, seed: 9, scale: 4, elevation: 62, strength: 0.5 }),
    clouds('cirrus', { frequency: '0.0011 0.0052', seed: 29, from: 0.5, gain: 3.2 }),
    ...cloudPaint({ shade: '#7f9cc0' }),
    linear('fade', [
      [0, '#fff', 0.4],
      [0.5, '#fff'],
      [1, '#000'],
    ]),
    `<mask id="high"><rect width="${WIDTH}" height="1000" fill="url(#fade)"/></mask>`,
    blur('soft', 14),
    linear('dark', [
      [0, '#000', 0],
      [1, '#0a0a12', 0.45],
    ]),
  ];
  const peaks = ridge(rand, [
    [-20, 1330],
    [220, 1180],
    [420, 1330],
    [640, 1230],
    [860, 1390],
    [1000, 1420],
    [1180, 1340],
    [1420, 1130],
    [1640, 1300],
    [1960, 1170],
  ]);
  const hills = ridge(
    rand,
    [
      [-20, 1400],
      [400, 1435],
      [980, 1447],
      [1500, 1430],
      [1960, 1385],
    ],
    { roughness: 0.05 },
  );
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HORIZON + 2, 'fill="url(#sky)"'),
    ellipse(1240, HORIZON - 60, 1100, 700, 'fill="url(#sun)"'),
    group('mask="url(#high)"', rect(0, 0, WIDTH, 1000, 'filter="url(#cirrus)" opacity="0.6"')),
    cumuli(
      rand,
      { x: 430, y: 520, width: 760, height: 290 },
      { x: 1500, y: 330, width: 820, height: 270 },
      { x: 1230, y: 880, width: 560, height: 170 },
      { x: 240, y: 1010, width: 480, height: 120 },
      { x: 1760, y: 1030, width: 420, height: 110 },
    ),
    group('filter="url(#rock)"', path(below(peaks, HORIZON + 4), 'fill="url(#peaks)"')),
    path(below(hills, HORIZON + 4), 'fill="url(#hills)"'),
    rect(0, HORIZON - 280, WIDTH, 284, 'fill="url(#haze)"'),
    group('filter="url(#field)"', rect(0, HORIZON, WIDTH, DEEP, 'fill="url(#plain)"')),
    path(strip(-1.2, 1.2, 1, 0), 'fill="#b8a26e" opacity="0.75"'),
    group('filter="url(#grain)"', path(strip(-1, 1, 1, 0), 'fill="url(#asphalt)"')),
    path(`${strip(-0.63, -0.37, 1, 0)}${strip(0.37, 0.63, 1, 0)}`, 'fill="#26262b" opacity="0.2" filter="url(#soft)"'),
    path(strip(-1, 1, 1, 0), 'fill="url(#sheen)"'),
    path(strip(-0.93, -0.905, 1, 0), 'fill="#f2f0ea" opacity="0.85"'),
    path(strip(0.905, 0.93, 1, 0), 'fill="#f2f0ea" opacity="0.85"'),
    dashes(),
    poles(),
    group('fill="none" stroke-linecap="round"', tufts(rand)),
    rect(0, HORIZON + DEEP * 0.55, WIDTH, DEEP * 0.45, 'fill="url(#dark)"'),
  );
}
