import { camera, paint, surface } from './mesh.mjs';
import { blur, circle, document, ellipse, group, lerp, linear, list, mix, n, path, radial, random, rect, relief, rgb } from './svg.mjs';

/** A straw hat beside a brown leather handbag on a wooden table. The hat is a woven surface of revolution, the bag is cut from leather with seams. */
const [WIDTH, HEIGHT, TABLE] = [1920, 1080, 690];

const CROWN = [
  [0, 0.56],
  [0.16, 0.55],
  [0.3, 0.5],
  [0.38, 0.42],
  [0.41, 0.28],
  [0.43, 0.12],
  [0.45, 0.03],
];
/** Radius and height along the hat's profile: crown, then a brim that dips and curls. */
function profile(u) {
  if (u > 0.52) {
    const t = (u - 0.52) / 0.48;
    return [0.45 + 0.68 * t, 0.03 - 0.03 * t + 0.09 * t * t];
  }
  const at = (u / 0.52) * (CROWN.length - 1);
  const i = Math.min(CROWN.length - 2, Math.floor(at));
  return [0, 1].map((k) => lerp(CROWN[i][k], CROWN[i + 1][k], at - i));
}
const leaning = ([x, y, z]) => {
  const a = 0.34;
  return [x, y * Math.cos(a) - z * Math.sin(a), y * Math.sin(a) + z * Math.cos(a)];
};
function hat(u, v) {
  const [r, y] = profile(u);
  const angle = v * 2 * Math.PI;
  const wave = u > 0.52 ? 0.07 * ((u - 0.52) / 0.48) ** 2 * Math.sin(angle * 3 + 0.6) : 0;
  const dent = u < 0.24 ? -0.13 * (1 - u / 0.24) * Math.cos(angle) ** 2 : 0;
  return leaning([r * 1.05 * Math.cos(angle), y + wave + dent, r * 0.94 * Math.sin(angle)]);
}
function straw(u, v) {
  const [ring, spoke] = [Math.floor(u * 96), Math.floor(v * 150)];
  const over = (ring + spoke) % 2;
  const tint = ((ring * 37 + spoke * 91) % 17) / 17;
  if (u > 0.4 && u < 0.515) return { colour: mix(rgb('#5b2b1c'), rgb('#3a180f'), u > 0.5 || u < 0.41 ? 1 : 0.2 * over), gloss: 0.12 };
  const colour = mix(rgb(over ? '#f0d79c' : '#c99b56'), rgb('#fff2cf'), tint * 0.35);
  return { colour: u > 0.985 ? rgb('#b98a4a') : colour, gloss: 0.16, shine: 10 };
}

const BODY =
  'M110 190C96 180 92 168 96 150L130 30C136 8 152 0 176 0L624 0C648 0 664 8 670 30L704 150C742 330 756 420 742 500C736 530 716 544 686 546L114 546C84 544 64 530 58 500C44 420 58 330 96 150Z';
const FLAP = 'M112 92L130 30C136 8 152 0 176 0L624 0C648 0 664 8 670 30L688 92C700 190 640 268 560 284C470 302 330 302 240 284C160 268 100 190 112 92Z';
const seam = (d) => [
  path(d, 'fill="none" stroke="#2a1006" stroke-width="5" opacity="0.45" transform="translate(1 2)"'),
  path(d, 'fill="none" stroke="#f0c592" stroke-width="3.4" stroke-dasharray="13 8" stroke-linecap="round"'),
];

function handle(d, wide) {
  return [
    path(d, `stroke="#2c1207" stroke-width="${wide + 6}"`),
    path(d, `stroke="url(#strap)" stroke-width="${wide}"`),
    path(d, `stroke="#e0a673" stroke-width="${wide * 0.22}" opacity="0.7" transform="translate(-4 -5)"`),
  ];
}

function bag() {
  const rings = [214, 586].map((x) => [
    circle(x, 12, 31, 'fill="none" stroke="#6d4d12" stroke-width="15"'),
    circle(x, 11, 31, 'fill="none" stroke="url(#brass)" stroke-width="11"'),
  ]);
  const tabs = [214, 586].map((x) => [
    rect(x - 27, 26, 54, 108, 'rx="16" fill="url(#tab)" stroke="#32150a" stroke-width="3"'),
    circle(x, 104, 10, 'fill="url(#brass)" stroke="#5d430f" stroke-width="2"'),
  ]);
  return [
    group('fill="none" stroke-linecap="round"', handle('M236 0C240 -250 560 -250 564 0', 26)),
    group('filter="url(#leather)"', path(BODY, 'fill="url(#hide)"')),
    group(
      'clip-path="url(#body)"',
      ellipse(200, 380, 150, 200, 'fill="#d99a63" opacity="0.28" filter="url(#soft)"'),
      rect(40, 470, 720, 90, 'fill="#200b03" opacity="0.55" filter="url(#soft)"'),
      rect(680, 100, 90, 470, 'fill="#200b03" opacity="0.5" filter="url(#soft)"'),
      path(FLAP, 'fill="#1b0902" opacity="0.6" transform="translate(6 22)" filter="url(#near)"'),
    ),
    seam('M128 500C180 520 620 520 672 500'),
    group('filter="url(#leather)"', path(FLAP, 'fill="url(#flap)"')),
    group(
      'clip-path="url(#flap-shape)"',
      ellipse(300, 70, 260, 60, 'fill="#f0bd87" opacity="0.55" filter="url(#soft)"'),
      ellipse(430, 290, 330, 36, 'fill="#2c1006" opacity="0.5" filter="url(#near)"'),
    ),
    seam('M132 100C122 186 176 250 248 266C334 284 466 284 552 266C624 250 678 186 668 100L652 44C648 30 640 24 622 24L178 24C160 24 152 30 148 44Z'),
    tabs,
    rings,
    rect(338, 236, 124, 98, 'rx="16" fill="#3a1c0d" opacity="0.6" transform="translate(4 8)" filter="url(#near)"'),
    rect(340, 232, 120, 96, 'rx="15" fill="url(#brass)" stroke="#6d4d12" stroke-width="3"'),
    rect(356, 247, 88, 66, 'rx="9" fill="none" stroke="#8d6a1f" stroke-width="3"'),
    rect(391, 256, 18, 48, 'rx="8" fill="url(#brass)" stroke="#5d430f" stroke-width="3"'),
    group('fill="none" stroke-linecap="round"', handle('M214 -14C214 -290 586 -290 586 -14', 30)),
  ];
}

function boards(rand) {
  return list(7, (i) => {
    const [near, far] = [(x) => 960 + (x - 3.5) * 420, (x) => 960 + (x - 3.5) * 300];
    const tint = ['#c59a6b', '#b98a5a', '#cfa777', '#b48455'][Math.floor(rand() * 4)];
    const d = `M${n(far(i))} ${TABLE}L${n(far(i + 1))} ${TABLE}L${n(near(i + 1))} ${HEIGHT}L${n(near(i))} ${HEIGHT}Z`;
    return `${path(d, `fill="${tint}"`)}${path(d, 'fill="none" stroke="#5a3b20" stroke-width="4" opacity="0.75"')}`;
  });
}

export function draw() {
  const rand = random(44);
  const view = camera({ eye: [0.25, 1.75, 4.3], target: [0, 0.16, 0], focal: 1480, centre: [610, 760] });
  const light = { direction: [-0.55, 0.75, 0.45], sun: [0.72, 0.68, 0.58], sky: [0.4, 0.4, 0.42], ground: [0.32, 0.25, 0.18] };
  const defs = [
    linear('wall', [
      [0, '#d8e3dd'],
      [0.7, '#eef0e6'],
      [1, '#d9d3c2'],
    ]),
    radial('window', [
      [0, '#fffbe9', 0.95],
      [1, '#fffbe9', 0],
    ]),
    relief('plaster', { frequency: '0.03', octaves: 4, seed: 2, scale: 1.4, elevation: 62, strength: 0.3 }),
    relief('wood', { frequency: '0.09 0.006', octaves: 4, seed: 6, scale: 5, elevation: 55, azimuth: 180, strength: 0.5 }),
    relief('leather', { frequency: '0.085', octaves: 4, seed: 9, scale: 2.6, elevation: 52, strength: 0.8 }),
    linear('hide', [
      [0, '#a8622f'],
      [0.45, '#8a4a20'],
      [1, '#5a2a10'],
    ]),
    linear('flap', [
      [0, '#bd7439'],
      [0.6, '#96531f'],
      [1, '#6f3613'],
    ]),
    linear('tab', [
      [0, '#9a5a2a'],
      [1, '#6a3413'],
    ]),
    linear('strap', [
      [0, '#a9652f'],
      [1, '#6b3514'],
    ]),
    linear(
      'brass',
      [
        [0, '#fff0b8'],
        [0.35, '#d9ad4a'],
        [0.6, '#a97c22'],
        [1, '#f1d485'],
      ],
      { x2: 1 },
    ),
    blur('soft', 24),
    blur('near', 8),
    `<filter id="cast" x="-30%" y="-150%" width="160%" height="400%" color-interpolation-filters="sRGB"><feGaussianBlur stdDeviation="24"/></filter>`,
    `<clipPath id="body"><path d="${BODY}"/></clipPath><clipPath id="flap-shape"><path d="${FLAP}"/></clipPath>`,
    radial(
      'vignette',
      [
        [0.6, '#1d1206', 0],
        [1, '#1d1206', 0.42],
      ],
      { r: 0.78 },
    ),
  ];
  const leaves = list(26, () => {
    const [x, y, turn] = [1500 + rand() * 420, rand() * 520, rand() * 360];
    return `<path d="M0 0Q40 -34 110 0Q40 34 0 0Z" transform="translate(${n(x)} ${n(y)}) rotate(${n(turn)}) scale(${n(0.8 + rand())})"/>`;
  });
  return document(
    WIDTH,
    HEIGHT,
    defs,
    group('filter="url(#plaster)"', rect(0, 0, WIDTH, TABLE, 'fill="url(#wall)"')),
    ellipse(420, 180, 900, 560, 'fill="url(#window)"'),
    group('fill="#5f7a5a" opacity="0.24" filter="url(#soft)"', leaves),
    group('filter="url(#wood)"', boards(rand)),
    rect(0, TABLE - 4, WIDTH, 30, 'fill="#3b2412" opacity="0.4" filter="url(#near)"'),
    ellipse(560, 700, 640, 260, 'fill="url(#window)" opacity="0.4"'),
    ellipse(1400, 925, 520, 54, 'fill="#1c0d04" opacity="0.75" filter="url(#cast)"'),
    group('transform="translate(1000 366) scale(0.98)"', bag()),
    ellipse(660, 905, 470, 62, 'fill="#1c0d04" opacity="0.7" filter="url(#cast)"'),
    paint(surface(hat, [192, 300], straw), view, light),
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#vignette)"'),
  );
}
