import { blur, circle, document, ellipse, group, lerp, linear, list, n, path, radial, random, rect, relief } from './svg.mjs';

/** A pair of red leather sneakers in profile, on a pale studio floor. One shoe is drawn in a 920 x 480 box, toe to the right, and used twice. */
const [WIDTH, HEIGHT] = [1920, 1080];
const UPPER =
  'M56 378C38 306 40 224 58 150C63 124 80 112 102 118C132 128 152 152 196 166C246 180 292 158 332 120C348 104 374 98 394 110L426 136C478 190 552 234 646 258C760 272 884 268 892 352L890 378Z';
const LINING = 'M100 118C150 96 262 82 344 108C312 150 254 184 196 168C152 154 132 128 100 118Z';
const TONGUE = 'M322 132C312 84 340 40 386 46C424 52 440 96 444 146L420 150C392 118 352 112 322 132Z';
const TOE = 'M716 274C742 300 752 340 746 380L893 376C894 300 830 272 716 274Z';
const HEEL = 'M54 378C38 306 42 244 52 186C112 204 152 262 166 380Z';
const EYESTAY = 'M334 120C350 104 376 98 394 110L426 136C478 190 552 234 640 257C650 268 640 288 622 290C520 296 402 250 322 170C314 150 320 132 334 120Z';
const SIDE = 'M226 380C250 316 300 262 372 222C404 250 440 268 478 282C420 306 372 340 346 380Z';
const MIDSOLE =
  'M36 372C28 404 32 432 66 436L832 436C878 436 902 416 900 384C899 366 892 356 882 358C836 366 780 372 720 374C560 380 240 382 60 368C48 366 40 364 36 372Z';

const lacePoint = (t) => [lerp(350, 610, t ** 0.92), lerp(122, 252, t ** 0.8)];

function laces() {
  return list(7, (i) => {
    const [x, y] = lacePoint(i / 6);
    const [a, b] = [x - 22 - i * 1.5, y + 44 - i * 2.2];
    const over = `M${n(a)} ${n(b)}C${n(a + 18)} ${n(b - 34)} ${n(x + 14)} ${n(y - 16)} ${n(x + 46)} ${n(y - 8)}`;
    return [
      path(over, 'stroke="#5a0a12" stroke-width="19" opacity="0.45" transform="translate(3 6)"'),
      path(over, 'stroke="#e6e1da" stroke-width="16"'),
      path(over, 'stroke="#ffffff" stroke-width="9" transform="translate(-1 -2)"'),
      path(over, 'stroke="#cfc8be" stroke-width="16" stroke-dasharray="1.4 5" opacity="0.55" stroke-linecap="butt"'),
      circle(a, b, 8.5, 'fill="#caa24a"'),
      circle(a, b, 4.8, 'fill="#3a0a0d"'),
    ];
  });
}

function bow() {
  const loops = [
    'M372 100C300 70 262 128 300 148C328 160 356 130 374 106',
    'M376 100C440 44 498 84 470 122C446 146 404 126 378 106',
    'M372 104C352 150 330 176 312 196',
    'M378 104C410 146 452 158 474 172',
  ];
  return loops.map((d) => [
    path(d, 'stroke="#4a070d" stroke-width="15" opacity="0.4" transform="translate(4 8)"'),
    path(d, 'stroke="#ddd7ce" stroke-width="13"'),
    path(d, 'stroke="#fff" stroke-width="7" transform="translate(-1 -2)"'),
  ]);
}

const stitches = (d, offset = 0) =>
  path(d, `fill="none" stroke="#ffb3ab" stroke-width="2.6" stroke-dasharray="8 5" opacity="0.85" transform="translate(${offset} ${-offset})"`);

function shoe() {
  const holes = list(5, (r) => list(7 - r, (c) => circle(556 + c * 23 + r * 12, 290 + r * 17 + c * 3.4, 3.4, 'fill="#4d060e"')));
  const grooves = list(42, (i) => `M${66 + i * 19.6} 428l6 8`).join('');
  return [
    path(TONGUE, 'fill="url(#tongue)"'),
    path(LINING, 'fill="url(#lining)"'),
    group('filter="url(#leather)"', path(UPPER, 'fill="url(#red)"')),
    group(
      'clip-path="url(#upper)"',
      ellipse(560, 250, 330, 50, 'fill="#ff9d8f" opacity="0.55" filter="url(#soft)" transform="rotate(14 560 250)"'),
      ellipse(110, 210, 34, 90, 'fill="#ff9a8c" opacity="0.5" filter="url(#soft)"'),
      rect(20, 330, 900, 70, 'fill="#4d0410" opacity="0.55" filter="url(#soft)"'),
      group(
        'filter="url(#leather)"',
        path(SIDE, 'fill="url(#side)"'),
        path(HEEL, 'fill="url(#dark)"'),
        path(TOE, 'fill="url(#dark)"'),
        path(EYESTAY, 'fill="url(#dark)"'),
      ),
      [SIDE, HEEL, TOE, EYESTAY].map((d) => [
        path(d, 'fill="none" stroke="#3d030b" stroke-width="3" opacity="0.65"'),
        path(d, 'fill="none" stroke="#ff8b80" stroke-width="1.6" opacity="0.6" transform="translate(-1.5 -2)"'),
      ]),
      ellipse(810, 312, 62, 17, 'fill="#ffd0c8" opacity="0.8" filter="url(#fine)" transform="rotate(22 810 312)"'),
      ellipse(520, 226, 120, 10, 'fill="#ffd0c8" opacity="0.6" filter="url(#fine)" transform="rotate(24 520 226)"'),
    ),
    stitches('M62 208C114 224 150 276 156 372'),
    stitches('M708 284C732 308 742 340 737 372'),
    stitches('M330 164C408 242 522 288 620 282'),
    stitches('M238 372C262 316 306 272 370 234C404 258 432 272 458 282'),
    stitches('M104 126C134 136 154 160 198 174C248 188 296 166 336 130'),
    holes,
    group('fill="none" stroke-linecap="round"', laces(), bow()),
    path(MIDSOLE, 'fill="url(#rubber)"'),
    path('M40 388C240 398 640 396 896 376', 'fill="none" stroke="#c9c3ba" stroke-width="3"'),
    path('M38 396C240 406 640 404 898 386', 'fill="none" stroke="#c8202c" stroke-width="6"'),
    path('M44 424C240 428 640 428 880 424', 'fill="none" stroke="#a9a39a" stroke-width="2"'),
    path(grooves, 'stroke="#8d877e" stroke-width="3"'),
    path('M60 372C300 384 640 382 882 361', 'fill="none" stroke="#fff" stroke-width="4" opacity="0.9"'),
  ];
}

export function draw() {
  const rand = random(3);
  const defs = [
    linear('wall', [
      [0, '#dfe4ea'],
      [0.55, '#eef1f4'],
      [0.62, '#f6f7f8'],
      [1, '#cfd5dc'],
    ]),
    radial('spot', [
      [0, '#ffffff', 0.95],
      [1, '#ffffff', 0],
    ]),
    linear('red', [
      [0, '#f5453f'],
      [0.4, '#d81e2c'],
      [0.75, '#b00f20'],
      [1, '#740816'],
    ]),
    linear('dark', [
      [0, '#c9182a'],
      [0.6, '#a00c1d'],
      [1, '#6d0714'],
    ]),
    linear('side', [
      [0, '#fff7f2'],
      [0.6, '#e9ddd6'],
      [1, '#b7a29d'],
    ]),
    linear('tongue', [
      [0, '#ff6a5e'],
      [0.5, '#d3202c'],
      [1, '#7c0813'],
    ]),
    linear('lining', [
      [0, '#2b0a0e'],
      [1, '#6d2429'],
    ]),
    linear('rubber', [
      [0, '#ffffff'],
      [0.45, '#f4f1ec'],
      [1, '#b9b2a8'],
    ]),
    relief('leather', { frequency: '0.11', octaves: 3, seed: 7, scale: 1.5, elevation: 60, strength: 0.6 }),
    blur('soft', 18),
    blur('fine', 7),
    `<filter id="contact" x="-10%" y="-300%" width="120%" height="700%" color-interpolation-filters="sRGB"><feGaussianBlur stdDeviation="8"/></filter>`,
    `<filter id="cast" x="-20%" y="-300%" width="140%" height="700%" color-interpolation-filters="sRGB"><feGaussianBlur stdDeviation="30"/></filter>`,
    `<clipPath id="upper"><path d="${UPPER}"/></clipPath>`,
    `<g id="shoe">${shoe().flat(9).join('')}</g>`,
    linear(
      'fade',
      [
        [0, '#fff', 0.34],
        [0.14, '#fff', 0],
      ],
      {},
    ),
    `<mask id="mirror"><rect x="-20" y="436" width="960" height="480" fill="url(#fade)"/></mask>`,
  ];
  const standing = (transform) =>
    group(
      `transform="${transform}"`,
      group('mask="url(#mirror)"', '<use href="#shoe" transform="translate(0 872) scale(1 -1)"/>'),
      ellipse(480, 442, 500, 40, 'fill="#2a3442" opacity="0.45" filter="url(#cast)"'),
      ellipse(470, 437, 430, 12, 'fill="#1a1f28" opacity="0.75" filter="url(#contact)"'),
      '<use href="#shoe"/>',
    );
  const specks = list(160, () => circle(rand() * WIDTH, 700 + rand() * 380, 0.6 + rand() * 1.2, 'fill="#9aa4b0" opacity="0.35"'));
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HEIGHT, 'fill="url(#wall)"'),
    ellipse(940, 520, 980, 560, 'fill="url(#spot)"'),
    specks,
    standing('translate(610 235) scale(1.06)'),
    standing('translate(270 335) scale(1.26)'),
  );
}
