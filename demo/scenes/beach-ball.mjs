import { camera, paint, surface } from './mesh.mjs';
import { cloudPaint, cumuli } from './sky.mjs';
import { below, blur, circle, document, ellipse, group, lerp, linear, list, n, path, radial, random, rect, relief, rgb, ridge } from './svg.mjs';
import { wavelets } from './water.mjs';

/** An empty bay, but for a beach ball that somebody left in the sand: the object that the demo removes. `BALL` is what a person would draw a box around. */
const [WIDTH, HEIGHT, HORIZON] = [1920, 1080, 400];
const CENTRE = [1300, 800];
const RADIUS = 104;
/** The ball with its shadow, in pixels. */
export const BALL = { x: 1176, y: 682, width: 330, height: 244 };

const GORES = ['#e8323c', '#fdfdf8', '#1f77d0', '#fdfdf8', '#ffc928', '#fdfdf8'];
function ball() {
  const shape = (u, v) => {
    const [a, b] = [u * Math.PI, v * 2 * Math.PI];
    const [x, y, z] = [Math.sin(a) * Math.cos(b), Math.cos(a), Math.sin(a) * Math.sin(b)];
    const [c, s] = [Math.cos(0.62), Math.sin(0.62)];
    return [x * c - y * s, (x * s + y * c) * Math.cos(0.5) - z * Math.sin(0.5), (x * s + y * c) * Math.sin(0.5) + z * Math.cos(0.5)];
  };
  return surface(shape, [60, 96], (u, v) => ({ colour: rgb(u < 0.07 || u > 0.93 ? '#fdfdf8' : GORES[Math.floor(v * 6) % 6]), gloss: 0.55, shine: 26 }));
}

function palm(rand) {
  const crown = [250, 205];
  const leaves = list(15, (i) => {
    const angle = lerp(-0.35, Math.PI + 0.35, i / 14) + (rand() - 0.5) * 0.14;
    const reach = 270 + rand() * 110;
    const droop = 110 + rand() * 100;
    const bone = (t) => [crown[0] + Math.cos(angle) * reach * t, crown[1] - Math.sin(angle) * reach * 0.52 * t + droop * t * t];
    const green = ['#2c7a3f', '#3f9450', '#1f5f33', '#5aa858'][i % 4];
    const blades = list(34, (k) => {
      const t = 0.08 + (k / 34) * 0.92;
      const [x, y] = bone(t);
      const long = 92 * Math.sin(Math.PI * (0.12 + 0.84 * t)) + 8;
      return [-1, 1].map((side) =>
        path(
          `M${n(x)} ${n(y)}q${n(Math.cos(angle) * 24 + side * 10)} ${n(long * 0.3)} ${n(Math.cos(angle) * 34 + side * 20)} ${n(long)}`,
          `stroke="${green}" stroke-width="${n(6 * (1 - t * 0.6))}"`,
        ),
      );
    });
    return [path(`M${crown[0]} ${crown[1]}Q${bone(0.5).map(n).join(' ')} ${bone(1).map(n).join(' ')}`, `stroke="#7f9a4a" stroke-width="5"`), blades];
  });
  const rings = list(40, (i) => {
    const t = i / 39;
    const [x, y] = [lerp(120, 250, t ** 1.5), lerp(900, 220, t)];
    return path(`M${n(x - 29 + t * 11)} ${n(y)}q${n(29 - t * 11)} 14 ${n(58 - t * 22)} 0`, 'stroke="#4d3520" stroke-width="5" opacity="0.75"');
  });
  return [
    path('M88 910Q120 560 232 205L268 210Q180 560 152 910Z', 'fill="url(#trunk)"'),
    group('fill="none"', rings),
    group('fill="none" stroke-linecap="round"', leaves),
    [
      [238, 226],
      [266, 232],
      [250, 250],
    ].map(([x, y]) => circle(x, y, 21, 'fill="url(#nut)"')),
  ];
}

export function draw() {
  const rand = random(61);
  const view = camera({ eye: [0, 0.5, 6], target: [0, 0, 0], focal: RADIUS * 5.93, centre: CENTRE });
  const light = { direction: [-0.55, 0.6, 0.75], sun: [0.78, 0.76, 0.7], sky: [0.42, 0.43, 0.46], ground: [0.4, 0.34, 0.24] };
  const shore = list(97, (i) => [i * 20, 610 + 26 * Math.sin(i / 14 + 1) + 9 * Math.sin(i / 4.3) - i * 0.4]);
  const edge = shore.map(([x, y]) => `${n(x)} ${n(y)}`).join('L');
  const foam = list(2300, () => {
    const [x, y] = shore[Math.floor(rand() * shore.length)];
    const away = rand() ** 2.6;
    return circle(x + rand() * 20, y + 5 - away * 60, 0.7 + 2.8 * rand() ** 3, `fill="#fff" opacity="${(0.95 - 0.55 * away).toFixed(2)}"`);
  });
  const cape = ridge(
    rand,
    [
      [1250, HORIZON + 2],
      [1420, 352],
      [1600, 300],
      [1780, 322],
      [1960, 270],
    ],
    { roughness: 0.2 },
  );
  const dunes = list(46, (i) => {
    const y = 660 + i * 10;
    return path(
      `M-20 ${y}${list(25, () => `q40 ${n((rand() - 0.5) * 14)} 80 ${n((rand() - 0.5) * 6)}`).join('')}`,
      `stroke="${i % 2 ? '#fff3da' : '#9b7846'}" opacity="${(0.05 + rand() * 0.12).toFixed(2)}" stroke-width="${n(3 + i * 0.16)}"`,
    );
  });
  const defs = [
    linear('sky', [
      [0, '#2f83cf'],
      [0.6, '#86c4ea'],
      [1, '#e3f3f4'],
    ]),
    linear('sea', [
      [0, '#11789f'],
      [0.3, '#1ba5b5'],
      [0.75, '#5fd0c6'],
      [1, '#c9f3e6'],
    ]),
    linear('sand', [
      [0, '#d3b487'],
      [0.3, '#e7cb9a'],
      [1, '#f2dcb2'],
    ]),
    linear('wet', [
      [0, '#9a7c52', 0.7],
      [1, '#b5966a', 0],
    ]),
    linear('land', [
      [0, '#4d8460'],
      [1, '#8fb088'],
    ]),
    linear(
      'trunk',
      [
        [0, '#b08a5f'],
        [0.5, '#84603c'],
        [1, '#5a3f26'],
      ],
      { x2: 1, y2: 0 },
    ),
    radial(
      'nut',
      [
        [0, '#b98a4e'],
        [1, '#4a2f17'],
      ],
      { cx: 0.35, cy: 0.3 },
    ),
    relief('grains', { frequency: '0.6', octaves: 2, seed: 12, scale: 1.7, elevation: 58, strength: 0.65 }),
    relief('rock', { frequency: '0.03 0.02', octaves: 4, seed: 3, scale: 14, azimuth: 220, elevation: 50, strength: 0.5 }),
    ...cloudPaint({ shade: '#a5c0da' }),
    blur('soft', 5),
    blur('close', 12),
    `<filter id="cast" x="-30%" y="-80%" width="160%" height="260%" color-interpolation-filters="sRGB"><feGaussianBlur stdDeviation="9"/></filter>`,
    radial(
      'vignette',
      [
        [0.62, '#241803', 0],
        [1, '#241803', 0.34],
      ],
      { r: 0.78 },
    ),
  ];
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HORIZON + 2, 'fill="url(#sky)"'),
    cumuli(rand, { x: 900, y: 270, width: 620, height: 130 }, { x: 1560, y: 190, width: 460, height: 110 }),
    group('filter="url(#rock)"', path(below(cape, HORIZON + 3), 'fill="url(#land)"')),
    rect(0, HORIZON, WIDTH, 260, 'fill="url(#sea)"'),
    wavelets(rand, {
      width: WIDTH,
      top: HORIZON,
      bottom: 640,
      count: 700,
      size: 0.6,
      tones: [
        ['#ffffff', 0.45],
        ['#0d7f98', 0.35],
        ['#8de6da', 0.5],
      ],
    }),
    group('filter="url(#grains)"', path(`M0 ${HEIGHT}L${edge}L${WIDTH} ${HEIGHT}Z`, 'fill="url(#sand)"'), group('fill="none" filter="url(#soft)"', dunes)),
    path(
      `M${edge}${shore
        .slice()
        .reverse()
        .map(([x, y]) => `L${n(x)} ${n(y + 46)}`)
        .join('')}Z`,
      'fill="url(#wet)" filter="url(#close)"',
    ),
    path(`M${edge}`, 'fill="none" stroke="#fff" stroke-width="9" opacity="0.95"'),
    foam,
    ellipse(190, 912, 190, 22, 'fill="#4d3518" opacity="0.5" filter="url(#cast)"'),
    palm(rand),
    ellipse(CENTRE[0] + 56, CENTRE[1] + RADIUS - 8, 122, 18, 'fill="#4d3518" opacity="0.62" filter="url(#cast)"'),
    paint(ball(), view, light, { closed: -1 }),
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#vignette)"'),
  );
}
