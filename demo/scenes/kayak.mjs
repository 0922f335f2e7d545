import { camera, paint, surface } from './mesh.mjs';
import { cloudPaint, cumuli } from './sky.mjs';
import { below, blur, clamp, clouds, document, ellipse, group, lerp, linear, mix, path, radial, random, rect, relief, rgb, ridge } from './svg.mjs';
import { caustics, wavelets } from './water.mjs';

/** A striped sea kayak on shallow turquoise water under a tall blue sky: room for a slow pan down. */
const [WIDTH, HEIGHT, HORIZON] = [1920, 2200, 1190];
const LENGTH = 2.6;
const halfWidth = (t) => 0.36 * clamp(1 - Math.abs(2 * t - 1) ** 2.5) ** 0.78;
const sheer = (t) => 0.17 + 0.22 * Math.abs(2 * t - 1) ** 3.2;
const BANDS = ['#d81e5b', '#f0433a', '#ff8a1f', '#ffc93c', '#fff3d6', '#27b08b', '#1f7fd1', '#6a3fc4'];
/** Eight bands from bow to stern. */
const band = (u) => rgb(BANDS[Math.min(7, Math.floor(u * 8))]);

const turned = ([x, y, z]) => {
  const a = -0.3;
  return [x * Math.cos(a) + z * Math.sin(a), y, -x * Math.sin(a) + z * Math.cos(a)];
};
const along = (t) => (t - 0.5) * 2 * LENGTH;

function hull(u, v) {
  const side = (v - 0.5) * 2;
  const bend = Math.sin((side * Math.PI) / 2);
  const depth = Math.cos((side * Math.PI) / 2) ** 0.8;
  return turned([along(u), sheer(u) - (sheer(u) + 0.13) * depth * clamp(1.06 - Math.abs(2 * u - 1) ** 7), halfWidth(u) * bend]);
}
function deck(u, v) {
  const side = (v - 0.5) * 2;
  return turned([along(u), sheer(u) + 0.16 * (1 - side * side) * clamp(1 - Math.abs(2 * u - 1) ** 3), halfWidth(u) * side]);
}
const hullColour = (u, v) => {
  const edge = Math.abs(v - 0.5) * 2;
  const colour = edge > 0.86 ? rgb('#fff6e6') : edge > 0.76 ? rgb('#123c5a') : mix(band(u), rgb('#40103a'), 0.3 * (1 - edge));
  return { colour, gloss: 0.5, shine: 30 };
};
const deckColour = (u, v) => {
  const side = Math.abs(v - 0.5) * 2;
  const colour = side > 0.92 || (u * 8) % 1 < 0.06 ? rgb('#fff6e6') : band(u);
  return { colour, gloss: 0.6, shine: 24 };
};

/** A ring or a dish around the cockpit: `grow` is the size, `drop` the depth. */
const opening = (at, grow, drop) => (u, v) => {
  const angle = v * 2 * Math.PI;
  const r = 1 - u;
  return turned([at + 0.52 * grow * r * Math.cos(angle), 0.345 - drop * Math.sin((u * Math.PI) / 2) + 0.012, 0.235 * grow * r * Math.sin(angle)]);
};
const rim = (at) => (u, v) => {
  const [a, b] = [u * 2 * Math.PI, v * 2 * Math.PI];
  return turned([at + (0.53 + 0.03 * Math.cos(b)) * Math.cos(a), 0.35 + 0.034 * Math.sin(b), (0.245 + 0.03 * Math.cos(b)) * Math.sin(a)]);
};
const SHAFT = [
  [-0.35, 0.42, -1.15],
  [0.22, 0.46, 1.2],
];
const onShaft = (t) => SHAFT[0].map((c, k) => lerp(c, SHAFT[1][k], t));
const shaft = (u, v) => {
  const [c, a] = [onShaft(u), v * 2 * Math.PI];
  return turned([c[0] + 0.022 * Math.cos(a), c[1] + 0.022 * Math.sin(a), c[2]]);
};
const blade = (t, away) => (u, v) => {
  const c = onShaft(t + away * u * 0.19);
  const half = 0.12 * Math.sin(Math.PI * (0.1 + 0.85 * u)) ** 0.6;
  return turned([c[0] + (v - 0.5) * 2 * half, c[1] + 0.03 + 0.05 * (v - 0.5) ** 2, c[2]]);
};

function boat() {
  const dark = () => ({ colour: rgb('#1d2730'), gloss: 0.3, shine: 12 });
  return {
    well: surface(opening(-0.1, 1, 0.3), [12, 50], (u) => ({ colour: mix(rgb('#31404a'), rgb('#0a1016'), u) })),
    hull: surface(hull, [160, 28], hullColour),
    deck: surface(deck, [192, 30], deckColour),
    fittings: [
      ...surface(
        (u, v) => turned([-0.34 - 0.1 * u, 0.22 + 0.26 * u, (v - 0.5) * 0.3]),
        [8, 8],
        () => ({ colour: rgb('#2a5f6b'), gloss: 0.2 }),
      ),
      ...surface(rim(-0.1), [60, 10], dark),
      ...surface(shaft, [60, 8], () => ({ colour: rgb('#20262c'), gloss: 0.7, shine: 10 })),
      ...surface(blade(0, -1), [12, 8], () => ({ colour: rgb('#ffd23e'), gloss: 0.4 })),
      ...surface(blade(1, 1), [12, 8], () => ({ colour: rgb('#ffd23e'), gloss: 0.4 })),
    ],
  };
}

export function draw() {
  const rand = random(5);
  const view = camera({ eye: [0, 2.5, 6.2], target: [0, 0.1, 0], focal: 1640, centre: [960, 1720] });
  const light = { direction: [-0.45, 0.85, 0.4], sun: [0.8, 0.78, 0.7], sky: [0.36, 0.4, 0.46], ground: [0.16, 0.4, 0.42] };
  const { hull: shell, deck: top, well, fittings } = boat();
  const kayak = group('', paint(shell, view, light), paint(top, view, light), paint(well, view, light, { closed: -1 }), paint(fittings, view, light));
  const mirrored = shell.map((quad) => ({
    ...quad,
    points: quad.points.map(([x, y, z]) => [x, -y - 0.16, z]),
    normal: quad.normal.map((c, k) => (k === 1 ? -c : c)),
  }));
  const island = ridge(
    rand,
    [
      [1180, HORIZON + 2],
      [1330, 1120],
      [1480, 1085],
      [1620, 1130],
      [1760, 1075],
      [1960, 1105],
    ],
    { roughness: 0.18 },
  );
  const cape = ridge(
    rand,
    [
      [-20, 1110],
      [130, 1095],
      [300, 1150],
      [470, HORIZON + 2],
    ],
    { roughness: 0.16 },
  );
  const defs = [
    linear('sky', [
      [0, '#1a63b8'],
      [0.4, '#3d93dc'],
      [0.75, '#86c6ee'],
      [1, '#d9eff6'],
    ]),
    linear('sea', [
      [0, '#0f7fa3'],
      [0.07, '#12a0b4'],
      [0.28, '#24bfc3'],
      [0.62, '#5ed8cf'],
      [1, '#a4ece0'],
    ]),
    linear('land', [
      [0, '#3f7f5b'],
      [0.7, '#5f9a72'],
      [1, '#d9cf9e'],
    ]),
    radial('glare', [
      [0, '#ffffff', 0.55],
      [1, '#ffffff', 0],
    ]),
    clouds('wisps', { frequency: '0.0012 0.006', seed: 17, from: 0.48, gain: 2.6 }),
    ...cloudPaint({ shade: '#a9c4dd' }),
    caustics('net', { frequency: '0.005 0.014', seed: 4, gain: 7 }),
    caustics('fine', { frequency: '0.012 0.05', seed: 8, gain: 6 }),
    relief('rock', { frequency: '0.03 0.02', octaves: 4, seed: 3, scale: 18, azimuth: 220, elevation: 50, strength: 0.6 }),
    `<filter id="wobble" x="-10%" y="-20%" width="120%" height="140%" color-interpolation-filters="sRGB"><feTurbulence type="fractalNoise" baseFrequency="0.006 0.05" numOctaves="2" seed="2" result="n"/><feDisplacementMap in="SourceGraphic" in2="n" scale="46" xChannelSelector="R" yChannelSelector="G"/><feGaussianBlur stdDeviation="3 2"/></filter>`,
    linear('nearNet', [
      [0, '#000'],
      [0.35, '#fff'],
    ]),
    linear('farNet', [
      [0, '#000'],
      [0.12, '#fff'],
      [0.5, '#000'],
    ]),
    `<mask id="near"><rect y="${HORIZON}" width="${WIDTH}" height="${HEIGHT - HORIZON}" fill="url(#nearNet)"/></mask><mask id="distant"><rect y="${HORIZON}" width="${WIDTH}" height="${HEIGHT - HORIZON}" fill="url(#farNet)"/></mask>`,
    blur('soft', 26),
    blur('haze', 6),
  ];
  const tones = [
    ['#ffffff', 0.4],
    ['#e6fffb', 0.35],
    ['#0b8a9d', 0.32],
    ['#0a7c96', 0.3],
    ['#3fd0cc', 0.5],
  ];
  const water = { width: WIDTH, top: HORIZON, bottom: HEIGHT, tones };
  return document(
    WIDTH,
    HEIGHT,
    defs,
    rect(0, 0, WIDTH, HORIZON + 2, 'fill="url(#sky)"'),
    ellipse(420, 260, 900, 700, 'fill="url(#glare)" opacity="0.5"'),
    rect(0, 0, WIDTH, HORIZON, 'filter="url(#wisps)" opacity="0.35"'),
    cumuli(rand, { x: 1420, y: 800, width: 640, height: 190 }, { x: 430, y: 930, width: 520, height: 130 }, { x: 1000, y: 1060, width: 700, height: 80 }),
    group('filter="url(#rock)"', path(below(island, HORIZON + 4), 'fill="url(#land)"'), path(below(cape, HORIZON + 4), 'fill="url(#land)"')),
    rect(0, HORIZON, WIDTH, HEIGHT - HORIZON, 'fill="url(#sea)"'),
    group('mask="url(#distant)"', rect(0, HORIZON, WIDTH, (HEIGHT - HORIZON) / 2, 'filter="url(#fine)" opacity="0.4"')),
    group('mask="url(#near)"', rect(0, HORIZON, WIDTH, HEIGHT - HORIZON, 'filter="url(#net)" opacity="0.62"')),
    wavelets(rand, { ...water, count: 1500 }),
    group('opacity="0.5" filter="url(#wobble)"', paint(mirrored, view, light)),
    group(
      'fill="#05616f" opacity="0.45" filter="url(#soft)"',
      ellipse(1090, 1965, 640, 90, 'transform="rotate(-7 1090 1965)"'),
      ellipse(960, 1810, 700, 60, 'transform="rotate(9 960 1810)"'),
    ),
    kayak,
    wavelets(rand, { ...water, top: HORIZON + 620, count: 140, tones: tones.slice(0, 2), size: 0.8 }),
    rect(0, HORIZON - 4, WIDTH, 10, 'fill="#eafaff" opacity="0.6" filter="url(#haze)"'),
  );
}
