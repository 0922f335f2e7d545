import { camera, dot, sub, unit } from './mesh.mjs';
import { cloudPaint, cumuli } from './sky.mjs';
import { blur, circle, clamp, clouds, document, ellipse, group, hex, lerp, linear, list, mix, n, radial, ramp, random, rect, rgb, smooth } from './svg.mjs';

/** Open sea at sundown: Gerstner waves (Tessendorf 2001, section 3), each facet coloured by Fresnel's mix of sky and deep water, with foam on the crests. */
const [WIDTH, HEIGHT, HORIZON] = [1920, 1080, 402];
const SUN = unit([0.14, 0.085, -1]);

function swell(rand) {
  return list(34, (i) => {
    const long = 3.6 / 1.17 ** i;
    const angle = (i < 3 ? 0.22 : 1.25) * (rand() - 0.5) * 2 + 0.22;
    const steep = i < 2 ? 0.13 : 0.066;
    return { k: (2 * Math.PI) / long, a: (steep * long) / 2 / Math.PI / (i < 2 ? 0.72 : 1), d: [Math.sin(angle), Math.cos(angle)], p: rand() * 6.28 };
  });
}

/** A displaced point and how much the crest is pinched together there (0 flat, above .5 breaking). */
function sea(waves, [x, z], detail) {
  const point = [x, 0, z];
  let pinch = 0;
  for (const { k, a, d, p } of waves) {
    if ((2 * Math.PI) / k < detail) continue;
    const phase = k * (d[0] * x + d[1] * z) + p;
    const [sin, cos] = [Math.sin(phase), Math.cos(phase)];
    point[0] -= 0.85 * a * d[0] * sin;
    point[2] -= 0.85 * a * d[1] * sin;
    point[1] += a * cos;
    pinch += k * a * cos;
  }
  return { point, pinch };
}

const SKY = [
  [0, '#ffd7a0'],
  [0.08, '#ffb27a'],
  [0.22, '#e88d86'],
  [0.45, '#9a7fae'],
  [1, '#3f5f9c'],
];
function shade(normal, point, eye, pinch, rand) {
  const view = unit(sub(eye, point));
  const facing = clamp(dot(normal, view), 0.02, 1);
  const fresnel = 0.02 + 0.98 * (1 - facing) ** 5;
  const mirror = normal.map((c, k) => 2 * facing * c - view[k]);
  const sky = ramp(SKY, clamp(Math.abs(mirror[1])));
  const glitter = clamp(dot(unit(mirror), SUN)) ** 90 * 2.2 + clamp(dot(unit(mirror), SUN)) ** 12 * 0.42;
  const through = clamp(point[1] * 3.4 + 0.32) * clamp(0.35 + 1.2 * (1 - facing));
  const water = mix(mix(rgb('#06263f'), rgb('#0b5c74'), through), rgb('#25b5a5'), through ** 2 * 0.85);
  const distance = Math.hypot(...sub(point, eye));
  let colour = mix(water, sky, clamp(fresnel * 0.95 + 0.05)).map((c, k) => c + glitter * [1, 0.78, 0.5][k]);
  const foam = smooth(0.5, 0.95, pinch + (rand() - 0.5) * 0.12) * smooth(26, 4, distance);
  colour = mix(colour, [0.97, 0.93, 0.9], foam * 0.85);
  return mix(colour, rgb('#e9a486'), 0.62 * smooth(12, 60, distance));
}

function facets(rand, view) {
  const waves = swell(rand);
  const [rows, columns] = [250, 230];
  const nodes = list(rows + 1, (i) => {
    const z = 3.3 - 0.02 * i - 66 * (i / rows) ** 3.4;
    const half = (4.8 - z) * 0.86 + 0.8;
    return list(columns + 1, (j) => sea(waves, [lerp(-half, half, j / columns), z], 0.13 + 0.035 * Math.max(0, 1 - z)));
  });
  const parts = [];
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = 0; j < columns; j++) {
      const corners = [nodes[i][j], nodes[i][j + 1], nodes[i + 1][j + 1], nodes[i + 1][j]];
      const [a, b, c, d] = corners.map(({ point }) => point);
      const [s, t] = [sub(c, a), sub(d, b)];
      const up = unit([s[1] * t[2] - s[2] * t[1], s[2] * t[0] - s[0] * t[2], s[0] * t[1] - s[1] * t[0]]);
      const normal = up[1] < 0 ? up.map((x) => -x) : up;
      const screen = [a, b, c, d].map(view.project);
      if (screen.some(([, , depth]) => depth < 0.2)) continue;
      const pinch = corners.reduce((sum, corner) => sum + corner.pinch, 0) / 4;
      const fill = hex(shade(normal, a, view.eye, pinch, rand));
      parts.push(`<path d="M${screen.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}Z" fill="${fill}" stroke="${fill}"/>`);
    }
  }
  return group('stroke-width="1"', parts);
}

export function draw() {
  const rand = random(23);
  const view = camera({ eye: [0, 1.02, 4.8], target: [0, 0.72, 0], focal: 1250, centre: [960, 480] });
  const sunX = 1130;
  const gulls = list(7, () => {
    const [x, y, s] = [300 + rand() * 700, 90 + rand() * 180, 8 + rand() * 14];
    return `<path d="M${n(x - s)} ${n(y - s * 0.35)}q${n(s * 0.55)} ${n(-s * 0.35)} ${n(s)} ${n(s * 0.35)}q${n(s * 0.45)} ${n(-s * 0.7)} ${n(s)} ${n(-s * 0.35)}"/>`;
  });
  const defs = [
    linear('sky', [
      [0, '#35528e'],
      [0.35, '#8079ad'],
      [0.65, '#e2918c'],
      [0.86, '#ffb982'],
      [1, '#ffdca6'],
    ]),
    radial('glow', [
      [0, '#fffbe8', 1],
      [0.09, '#fff0c4', 1],
      [0.13, '#ffd592', 0.7],
      [0.45, '#ff9c6a', 0.25],
      [1, '#ff9c6a', 0],
    ]),
    clouds('bands', { frequency: '0.0012 0.011', octaves: 5, seed: 13, from: 0.47, gain: 3.4, colour: '#ffd0b0' }),
    ...cloudPaint({ light: '#ffd9bf', shade: '#7f6a94' }),
    blur('haze', 9),
    blur('water', '1.7 1.1'),
    radial(
      'vignette',
      [
        [0.6, '#120c24', 0],
        [1, '#120c24', 0.45],
      ],
      { r: 0.78 },
    ),
  ];
  const spray = list(260, () => circle(rand() * WIDTH, HORIZON + 60 + rand() ** 0.7 * 600, 0.6 + rand() * 1.8, 'fill="#fff3e4" opacity="0.4"'));
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HORIZON + 60, 'fill="url(#sky)"'),
    rect(0, 0, WIDTH, HORIZON, 'filter="url(#bands)" opacity="0.55"'),
    cumuli(rand, { x: 360, y: 330, width: 760, height: 120 }, { x: 1600, y: 350, width: 520, height: 80 }),
    ellipse(sunX, HORIZON - 62, 430, 430, 'fill="url(#glow)"'),
    group('fill="none" stroke="#3b2f4f" stroke-width="2.6" stroke-linecap="round"', gulls),
    rect(0, HORIZON, WIDTH, HEIGHT - HORIZON, 'fill="#0b3a52"'),
    group('filter="url(#water)"', facets(rand, view)),
    rect(0, HORIZON - 8, WIDTH, 20, 'fill="#ffc796" opacity="0.6" filter="url(#haze)"'),
    spray,
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#vignette)"'),
  );
}
