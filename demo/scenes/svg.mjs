/** Small pieces of SVG and of arithmetic that the scenes share. Everything is deterministic: each scene seeds its own generator. */

/** Mulberry32 (public domain, Tommy Ettinger 2017): a function that returns numbers in [0, 1). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const clamp = (x, low = 0, high = 1) => Math.min(high, Math.max(low, x));
export const lerp = (a, b, t) => a + (b - a) * t;
export const smooth = (low, high, x) => {
  const t = clamp((x - low) / (high - low));
  return t * t * (3 - 2 * t);
};
export const n = (x) => String(Math.round(x * 10) / 10);
export const list = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** `#rrggbb` to three numbers 0..1. */
export const rgb = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
export const hex = (colour) =>
  `#${colour
    .map((c) =>
      Math.round(clamp(c) * 255)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
export const mix = (a, b, t) => a.map((value, index) => lerp(value, b[index], clamp(t)));
/** A colour on a ramp of `[position, '#rrggbb']` stops. */
export function ramp(stops, t) {
  const next = stops.findIndex(([at]) => at >= t);
  if (next < 0) return rgb(stops.at(-1)[1]);
  if (next === 0) return rgb(stops[0][1]);
  const [[a, from], [b, to]] = [stops[next - 1], stops[next]];
  return mix(rgb(from), rgb(to), (t - a) / (b - a));
}

const stopTags = (stops) => stops.map(([at, colour, opacity = 1]) => `<stop offset="${at}" stop-color="${colour}" stop-opacity="${opacity}"/>`).join('');
/** Vertical unless told; coordinates are fractions of the filled shape, or pixels with `units: 'px'`. */
export const linear = (id, stops, { x1 = 0, y1 = 0, x2 = 0, y2 = 1, units } = {}) =>
  `<linearGradient id="${id}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"${units ? ' gradientUnits="userSpaceOnUse"' : ''}>${stopTags(stops)}</linearGradient>`;
export const radial = (id, stops, { cx = 0.5, cy = 0.5, r = 0.5, units } = {}) =>
  `<radialGradient id="${id}" cx="${cx}" cy="${cy}" r="${r}"${units ? ' gradientUnits="userSpaceOnUse"' : ''}>${stopTags(stops)}</radialGradient>`;

const region = 'x="-30%" y="-30%" width="160%" height="160%" color-interpolation-filters="sRGB"';
export const blur = (id, deviation) => `<filter id="${id}" ${region}><feGaussianBlur stdDeviation="${deviation}"/></filter>`;

/** Noise as light and shade on top of what is drawn: sand, leather, plaster. `lights` is the direction of the light in degrees. */
export const relief = (id, { frequency, octaves = 4, seed = 1, scale = 2, azimuth = 225, elevation = 50, strength = 1 }) => `
<filter id="${id}" x="0" y="0" width="100%" height="100%" color-interpolation-filters="sRGB">
<feTurbulence type="fractalNoise" baseFrequency="${frequency}" numOctaves="${octaves}" seed="${seed}" result="noise"/>
<feDiffuseLighting in="noise" surfaceScale="${scale}" diffuseConstant="${1 / Math.sin((elevation * Math.PI) / 180)}" lighting-color="#fff" result="light"><feDistantLight azimuth="${azimuth}" elevation="${elevation}"/></feDiffuseLighting>
<feComposite in="SourceGraphic" in2="light" operator="arithmetic" k1="${strength}" k2="${1 - strength}" result="lit"/>
<feComposite in="lit" in2="SourceGraphic" operator="in"/></filter>`;

/** Clouds: noise turned into white of varying opacity; low `frequency` in x makes streaks. Fill a rectangle with any colour and give it this filter. */
export const clouds = (id, { frequency, octaves = 4, seed = 1, from = 0.5, gain = 3, colour = '#ffffff' }) => {
  const [r, g, b] = rgb(colour);
  return `<filter id="${id}" x="0" y="0" width="100%" height="100%" color-interpolation-filters="sRGB"><feTurbulence type="fractalNoise" baseFrequency="${frequency}" numOctaves="${octaves}" seed="${seed}"/><feColorMatrix values="0 0 0 0 ${r} 0 0 0 0 ${g} 0 0 0 0 ${b} ${gain} 0 0 0 ${-gain * from}"/></filter>`;
};

export const rect = (x, y, width, height, attributes = '') => `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" ${attributes}/>`;
export const circle = (x, y, r, attributes = '') => `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" ${attributes}/>`;
export const ellipse = (x, y, rx, ry, attributes = '') => `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(rx)}" ry="${n(ry)}" ${attributes}/>`;
export const path = (d, attributes = '') => `<path d="${d}" ${attributes}/>`;
export const group = (attributes, ...body) => `<g ${attributes}>${body.flat().join('')}</g>`;
export const polyline = (points) => `M${points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}`;

/** A jagged ridge from left to right by midpoint displacement; `peaks` are `[x, y]` fixed points. */
export function ridge(rand, peaks, { roughness = 0.22, levels = 7 } = {}) {
  let points = peaks;
  for (let level = 0; level < levels; level++) {
    points = points.flatMap((point, i) => {
      const next = points[i + 1];
      if (!next) return [point];
      const reach = Math.hypot(next[0] - point[0], next[1] - point[1]);
      return [point, [(point[0] + next[0]) / 2, (point[1] + next[1]) / 2 + (rand() - 0.5) * reach * roughness]];
    });
  }
  return points;
}
export const below = (points, bottom) => `${polyline(points)}L${n(points.at(-1)[0])} ${bottom}L${n(points[0][0])} ${bottom}Z`;

export const document = (width, height, defs, ...body) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><defs>${[defs].flat().join('')}</defs>${body.flat(9).join('')}</svg>`;
