import { blur, circle, clamp, document, ellipse, group, hex, lerp, linear, list, mix, n, path, radial, random, rect, rgb, smooth } from './svg.mjs';

/** A corgi looks into the camera: a soft underpainting, then some 24,000 hairs that follow the lie of its coat. */
const [WIDTH, HEIGHT] = [1920, 1080];
const NOSE = [960, 560];
const [FOX, RUST, CREAM, SHADE] = ['#d98b3f', '#a85a20', '#fff6ea', '#c9b7a4'].map(rgb);

const within = ([x, y], [cx, cy], [rx, ry]) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2;
const mirrored = (x) => 960 + Math.abs(x - 960);

/** Signed "insideness" of each part, 1 in the middle, 0 at the outline. */
function head([x, y]) {
  const skull = 1 - within([x, y], [960, 430], [292, 268]);
  const cheeks = 1 - within([x, y], [960, 560], [322, 190]);
  return Math.max(skull, cheeks);
}
function ear([x, y]) {
  const along = (420 - y) / 365;
  if (along < 0 || along > 1) return 0;
  const middle = lerp(1130, 1242, along ** 0.9);
  const half = 122 * (1 - along) ** 0.52 * (0.72 + 0.5 * along) + 2;
  return 1 - ((mirrored(x) - middle) / half) ** 2;
}
const body = ([x, y]) => 1 - within([x, y], [960, 1120], [500, 470]);

function jitter(rand, colour, by) {
  const factor = 1 + (rand() - 0.5) * by;
  return colour.map((c) => clamp(c * factor));
}

function headColour([x, y], rand) {
  const side = Math.abs(x - 960);
  const blaze = 24 + 130 * smooth(380, 560, y) + 16 * smooth(330, 200, y);
  const muzzle = 1 - within([x, y], [960, 610], [178, 150]);
  const cheek = smooth(560, 740, y) * smooth(330, 150, side - (y - 600) * 0.3);
  const white = Math.max(smooth(14, -14, side - blaze + (rand() - 0.5) * 26), smooth(-0.12, 0.12, muzzle + (rand() - 0.5) * 0.2), cheek);
  const brow = 0.5 * smooth(1, 0, within([mirrored(x), y], [1064, 372], [52, 22]));
  const rim = smooth(0.32, 0, head([x, y])) * 0.5;
  const coat = mix(mix(FOX, RUST, rim + 0.28 * smooth(260, 120, side)), rgb('#f4c98d'), brow);
  const light = 0.72 + 0.26 * clamp((1280 - x) / 560) + 0.12 * smooth(0, 0.5, head([x, y]));
  return mix(coat, CREAM, white).map((c) => c * light * (1 - 0.2 * smooth(640, 800, y)));
}
function bodyColour([x, y], rand) {
  const side = Math.abs(x - 960) + (rand() - 0.5) * 60;
  const under = 1 - 0.5 * smooth(860, 700, y) * smooth(320, 200, Math.abs(x - 960));
  return mix(mix(CREAM, SHADE, 0.25), FOX, smooth(180, 330, side)).map((c) => c * under * (0.92 - 0.2 * smooth(300, 480, side)));
}
function earColour(point, rand) {
  const deep = ear(point);
  const inner = smooth(0.45, 0.8, deep + (rand() - 0.5) * 0.3) * smooth(60, 140, point[1]);
  return mix(mix(RUST, FOX, 0.5), rgb('#f2d2b8'), inner * 0.75).map((c) => c * (0.86 + 0.2 * deep));
}

/** Hair grows away from the nose on the head, up along the ears, down on the chest. */
function flow(part, [x, y], rand) {
  const swirl = (rand() - 0.5) * 0.5;
  if (part === 'ear') return Math.atan2(-1, (x < 960 ? -1 : 1) * 0.4) + swirl * 1.5;
  if (part === 'body') return Math.atan2(1, ((x - 960) / 520) * 0.9) + swirl * 1.3;
  const away = Math.atan2(y - (NOSE[1] - 40), x - NOSE[0]);
  return away + swirl + (y > 600 ? Math.sign(960 - x) * -0.12 : 0);
}

function hairs(rand, part, inside, colourOf, box, count, long) {
  const made = [];
  while (made.length < count) {
    const point = [lerp(box[0], box[2], rand()), lerp(box[1], box[3], rand())];
    if (inside(point) < 0.015) continue;
    const angle = flow(part, point, rand);
    const nearNose = smooth(60, 300, Math.hypot(point[0] - NOSE[0], point[1] - NOSE[1]));
    const reach = long * (0.6 + rand() * 0.8) * (part === 'head' ? 0.3 + 0.7 * nearNose : 1);
    const bend = (rand() - 0.5) * reach * 0.5;
    const [dx, dy] = [Math.cos(angle) * reach, Math.sin(angle) * reach];
    const colour = hex(jitter(rand, colourOf(point, rand), 0.3));
    const d = `M${n(point[0])} ${n(point[1])}q${n(dx * 0.5 - (dy / reach) * bend)} ${n(dy * 0.5 + (dx / reach) * bend)} ${n(dx)} ${n(dy)}`;
    const order = part === 'head' ? -Math.hypot(point[0] - NOSE[0], point[1] - NOSE[1]) : part === 'ear' ? point[1] : -point[1];
    made.push({ order, svg: `<path d="${d}" stroke="${colour}" stroke-width="${n(1.4 + rand() * 1.9)}"/>` });
  }
  made.sort((a, b) => a.order - b.order);
  return group(
    'fill="none" stroke-linecap="round"',
    made.map(({ svg }) => svg),
  );
}

const eye = (x, y) => [
  ellipse(x, y, 50, 44, 'fill="#2b140a" opacity="0.55" filter="url(#near)"'),
  path(`M${x - 44} ${y + 4}Q${x} ${y - 46} ${x + 44} ${y + 4}Q${x} ${y + 42} ${x - 44} ${y + 4}Z`, 'fill="#140a06"'),
  circle(x, y - 1, 29, 'fill="url(#iris)"'),
  circle(x, y - 1, 15, 'fill="#050302"'),
  ellipse(x - 10, y - 13, 10, 8, 'fill="#fff" opacity="0.95"'),
  ellipse(x + 11, y + 11, 6, 4, 'fill="#cfe6ff" opacity="0.6"'),
];

const face = () => [
  eye(838, 432),
  eye(1082, 432),
  path('M890 668Q960 720 1030 668Q1026 806 966 812Q900 806 890 668Z', 'fill="#3a0f12"'),
  path('M906 690Q960 726 1014 690Q1024 838 962 846Q898 838 906 690Z', 'fill="url(#tongue)"'),
  path('M961 706Q965 770 961 822', 'stroke="#a8344c" stroke-width="5" fill="none" opacity="0.55" stroke-linecap="round"'),
  ellipse(936, 772, 12, 38, 'fill="#ffd3da" opacity="0.6" filter="url(#fine)"'),
  path(
    'M960 596Q958 640 958 662Q912 706 850 668M958 662Q1008 706 1070 668',
    'fill="none" stroke="#3a1c12" stroke-width="9" stroke-linecap="round" opacity="0.88"',
  ),
  path('M884 536Q890 500 960 498Q1030 500 1036 536Q1034 582 992 600Q960 616 928 600Q886 582 884 536Z', 'fill="url(#nose)"'),
  path('M918 562Q930 548 944 562Q938 580 922 578ZM1002 562Q990 548 976 562Q982 580 998 578Z', 'fill="#000"'),
  ellipse(938, 520, 36, 11, 'fill="#fff" opacity="0.5" filter="url(#fine)"'),
];

export function draw() {
  const rand = random(77);
  const bokeh = list(70, () =>
    circle(
      rand() * WIDTH,
      rand() * 800,
      30 + rand() * 90,
      `fill="${['#e9f2a4', '#a8d06a', '#fff4c4', '#6fae5a'][Math.floor(rand() * 4)]}" opacity="${(0.07 + rand() * 0.16).toFixed(2)}"`,
    ),
  );
  const whiskers = list(16, (i) => {
    const way = i % 2 ? 1 : -1;
    const [x, y] = [960 + way * (90 + rand() * 50), 600 + rand() * 60];
    return path(
      `M${n(x)} ${n(y)}q${n(way * 90)} ${n(-14 + rand() * 20)} ${n(way * (150 + rand() * 60))} ${n(rand() * 60)}`,
      'stroke="#fffaf2" stroke-width="1.8" fill="none" opacity="0.8"',
    );
  });
  const earBase = (flip) =>
    path('M1040 330C1080 200 1180 80 1262 52C1300 120 1300 300 1236 440Z', `fill="#9a5a2a"${flip ? ' transform="translate(1920 0) scale(-1 1)"' : ''}`);
  const defs = [
    linear('park', [
      [0, '#a9cf7c'],
      [0.5, '#6aa353'],
      [1, '#2f6b36'],
    ]),
    radial('sunlight', [
      [0, '#fffbd8', 0.75],
      [1, '#fffbd8', 0],
    ]),
    radial('iris', [
      [0, '#9a5a24'],
      [0.6, '#5c2f10'],
      [1, '#1d0d05'],
    ]),
    radial(
      'nose',
      [
        [0, '#4a4548'],
        [0.45, '#211d20'],
        [1, '#0a0809'],
      ],
      { cy: 0.28 },
    ),
    linear('tongue', [
      [0, '#c54a63'],
      [0.5, '#f08a9c'],
      [1, '#e5677e'],
    ]),
    blur('far', 16),
    blur('near', 9),
    blur('fine', 5),
    blur('deep', 40),
  ];
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#park)"'),
    ellipse(380, 120, 900, 620, 'fill="url(#sunlight)"'),
    group('filter="url(#far)"', bokeh),
    group('filter="url(#near)"', ellipse(960, 1130, 470, 440, 'fill="#c9945c"')),
    hairs(rand, 'body', body, bodyColour, [440, 640, 1480, 1090], 9500, 54),
    ellipse(960, 800, 300, 90, 'fill="#3a2412" opacity="0.5" filter="url(#deep)"'),
    group('filter="url(#near)"', earBase(false), earBase(true)),
    hairs(rand, 'ear', ear, earColour, [600, 40, 1320, 420], 4200, 32),
    group(
      'filter="url(#near)"',
      ellipse(960, 430, 276, 250, 'fill="#c47c38"'),
      ellipse(960, 560, 300, 172, 'fill="#dba668"'),
      ellipse(960, 620, 168, 140, 'fill="#f4e6d6"'),
    ),
    hairs(rand, 'head', head, headColour, [620, 150, 1300, 770], 12500, 42),
    ellipse(960, 640, 120, 60, 'fill="#8d6a52" opacity="0.25" filter="url(#near)"'),
    face(),
    whiskers,
  );
}
