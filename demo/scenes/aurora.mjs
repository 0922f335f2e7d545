import { below, blur, circle, clamp, clouds, document, group, lerp, linear, list, n, path, radial, random, rect, relief, ridge, smooth } from './svg.mjs';

/** Northern lights over a mountain lake: curtains made of hundreds of thin vertical rays along a winding line. */
const [WIDTH, HEIGHT, SHORE] = [1920, 1080, 790];

function curtain(rand, { start, end, sway, phase, tall, strength, fill }) {
  const rays = 720;
  let flicker = 0.5;
  return list(rays, (i) => {
    const t = i / rays;
    flicker = clamp(flicker + (rand() - 0.5) * 0.22, 0.12, 1);
    const x = lerp(start[0], end[0], t) + sway * Math.sin(t * 7.5 + phase) + sway * 0.35 * Math.sin(t * 17 + phase * 2);
    const y = lerp(start[1], end[1], t) + sway * 0.32 * Math.cos(t * 7.5 + phase);
    const edges = smooth(0, 0.12, t) * (1 - smooth(0.86, 1, t));
    const height = tall * (0.45 + 0.55 * flicker) * (0.75 + 0.25 * Math.sin(t * 23 + phase));
    return `<rect x="${n(x)}" y="${n(y - height)}" width="5" height="${n(height)}" fill="url(#${fill})" opacity="${(strength * edges * (0.25 + 0.75 * flicker)).toFixed(3)}"/>`;
  });
}

const stars = (rand) =>
  list(900, () => {
    const size = 0.4 + 1.5 * rand() ** 5;
    return circle(rand() * WIDTH, rand() ** 1.3 * SHORE, size, `fill="${rand() < 0.2 ? '#ffe9cf' : '#e8f1ff'}" opacity="${(0.25 + 0.75 * rand()).toFixed(2)}"`);
  });

function pines(rand, base, height, count, fill) {
  const trees = list(count, (i) => {
    const x = ((i + rand() * 0.8) * WIDTH) / count;
    const tall = height * (0.45 + 0.55 * rand()) * (0.55 + 0.45 * Math.abs(Math.cos((x / WIDTH) * 3.1)));
    const tiers = list(7, (k) => {
      const y = base - tall + (tall * k) / 7;
      const half = tall * 0.035 * (k + 1);
      return `L${n(x + half * 0.45)} ${n(y + tall * 0.05)}L${n(x + half)} ${n(y + tall * 0.15)}`;
    });
    const other = tiers.map((_, k) => {
      const at = 6 - k;
      const y = base - tall + (tall * at) / 7;
      const half = tall * 0.035 * (at + 1);
      return `L${n(x - half)} ${n(y + tall * 0.15)}L${n(x - half * 0.45)} ${n(y + tall * 0.05)}`;
    });
    return `M${n(x)} ${n(base - tall)}${tiers.join('')}${other.join('')}Z`;
  });
  return path(trees.join(''), `fill="${fill}"`);
}

export function draw() {
  const rand = random(70);
  const defs = [
    linear('night', [
      [0, '#050b22'],
      [0.45, '#0b2145'],
      [0.8, '#123f56'],
      [1, '#1d6a68'],
    ]),
    linear('green', [
      [0, '#7a3bd8', 0],
      [0.25, '#a24bd6', 0.28],
      [0.55, '#39e6a0', 0.6],
      [0.88, '#8dffb9', 1],
      [1, '#c8ffdb', 0],
    ]),
    linear('rose', [
      [0, '#ff4fa0', 0],
      [0.35, '#e24fb4', 0.42],
      [0.7, '#5de8c0', 0.5],
      [0.95, '#8affc8', 0.8],
      [1, '#aaffdd', 0],
    ]),
    linear('lake', [
      [0, '#0d3340', 0.25],
      [0.5, '#061a2c', 0.55],
      [1, '#020812', 0.86],
    ]),
    linear('far', [
      [0, '#d7fff4'],
      [0.3, '#6fa3a8'],
      [0.6, '#2d5168'],
      [1, '#16334a'],
    ]),
    linear('near', [
      [0, '#122a40'],
      [1, '#071522'],
    ]),
    radial('halo', [
      [0, '#48f0a8', 0.5],
      [1, '#48f0a8', 0],
    ]),
    relief('rock', { frequency: '0.012 0.007', octaves: 6, seed: 5, scale: 42, azimuth: 300, elevation: 42, strength: 0.8 }),
    blur('soft', '5 2'),
    blur('wide', '46 30'),
    blur('water', '3 9'),
    clouds('mist', { frequency: '0.0016 0.012', seed: 8, from: 0.5, gain: 2.4, colour: '#9fe8d4' }),
    `<clipPath id="sky"><rect width="${WIDTH}" height="${SHORE}"/></clipPath><clipPath id="below"><rect y="${SHORE}" width="${WIDTH}" height="${HEIGHT - SHORE}"/></clipPath>`,
  ];
  const rays = [
    curtain(rand, { start: [-80, 560], end: [1150, 430], sway: 120, phase: 0.4, tall: 470, strength: 0.42, fill: 'green' }),
    curtain(rand, { start: [500, 360], end: [2000, 560], sway: 150, phase: 2.6, tall: 520, strength: 0.46, fill: 'green' }),
    curtain(rand, { start: [-60, 300], end: [1960, 330], sway: 90, phase: 4.4, tall: 360, strength: 0.3, fill: 'rose' }),
  ];
  const far = ridge(rand, [
    [-20, 560],
    [160, 470],
    [330, 610],
    [520, 420],
    [760, 640],
    [980, 600],
    [1180, 670],
    [1420, 560],
    [1610, 640],
    [1790, 430],
    [1960, 560],
  ]);
  const near = ridge(
    rand,
    [
      [-20, 660],
      [240, 720],
      [560, 650],
      [900, 745],
      [1250, 700],
      [1600, 752],
      [1960, 640],
    ],
    { roughness: 0.16 },
  );
  const world = group(
    'id="world"',
    rect(0, 0, WIDTH, SHORE + 2, 'fill="url(#night)"'),
    stars(rand),
    group('style="mix-blend-mode:screen"', `<ellipse cx="1000" cy="480" rx="1000" ry="330" fill="url(#halo)"/>`),
    group('style="mix-blend-mode:screen" filter="url(#wide)" opacity="0.75"', rays),
    group('style="mix-blend-mode:screen" filter="url(#soft)"', rays),
    group('filter="url(#rock)"', path(below(far, SHORE + 4), 'fill="url(#far)"')),
    rect(0, SHORE - 190, WIDTH, 192, 'filter="url(#mist)" opacity="0.35"'),
    path(below(near, SHORE + 4), 'fill="url(#near)"'),
    pines(rand, SHORE + 3, 120, 130, '#06121d'),
  );
  const ripples = list(260, () => {
    const y = SHORE + 6 + rand() ** 1.6 * (HEIGHT - SHORE);
    const long = 20 + rand() * 190 * ((y - SHORE) / 200);
    return rect(
      rand() * WIDTH - 60,
      y,
      long,
      0.6 + (y - SHORE) / 260,
      `fill="${rand() < 0.5 ? '#b8ffe0' : '#02101c'}" opacity="${(0.03 + rand() * 0.08).toFixed(2)}" rx="1"`,
    );
  });
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HEIGHT, 'fill="#04101e"'),
    group('clip-path="url(#sky)"', world),
    group(
      'clip-path="url(#below)"',
      group(`transform="translate(0 ${SHORE * 1.55}) scale(1 -0.55)" filter="url(#water)"`, '<use href="#world"/>'),
      rect(0, SHORE, WIDTH, HEIGHT - SHORE, 'fill="url(#lake)"'),
      ripples,
    ),
    rect(0, SHORE - 1, WIDTH, 3, 'fill="#d7fff0" opacity="0.18"'),
  );
}
