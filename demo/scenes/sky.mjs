import { circle, clamp, group, lerp, list, radial } from './svg.mjs';

/** Gradients that `cumulus` needs in the document's definitions. */
export const cloudPaint = ({ light = '#ffffff', shade = '#8fa9c4' } = {}) => [
  radial('cloudLight', [
    [0, light, 1],
    [0.55, light, 0.75],
    [1, light, 0],
  ]),
  radial('cloudShade', [
    [0, shade, 0.55],
    [0.6, shade, 0.3],
    [1, shade, 0],
  ]),
  `<filter id="fluffy" x="-8%" y="-12%" width="116%" height="124%" color-interpolation-filters="sRGB"><feTurbulence type="fractalNoise" baseFrequency="0.02" numOctaves="2" seed="11" result="n"/><feDisplacementMap in="SourceGraphic" in2="n" scale="70" xChannelSelector="R" yChannelSelector="G"/></filter>`,
];

/** Heap clouds with edges roughened by noise; one filter for all of them, because a filter costs time by the canvas. */
export const cumuli = (rand, ...clouds) =>
  group(
    'filter="url(#fluffy)"',
    clouds.map((cloud) => cumulus(rand, cloud)),
  );

/** Soft balls piled on a flat base, shaded from below. */
function cumulus(rand, { x, y, width, height }) {
  const balls = list(Math.round(clamp(width / 7, 30, 130)), () => {
    const across = rand() * 2 - 1;
    const room = Math.sqrt(1 - across * across);
    const up = rand() ** 1.3 * room * (0.65 + 0.35 * Math.sin(across * 7 + x));
    return { at: [x + across * width * 0.5, y - up * height], size: lerp(0.12, 0.3, rand()) * height * (1.15 - up * 0.5), up };
  });
  balls.sort((a, b) => a.up - b.up);
  const lights = balls.map(({ at, size }) => circle(at[0], at[1], size, 'fill="url(#cloudLight)"'));
  const shades = balls
    .filter(({ up }) => up < 0.42)
    .map(({ at, size }) => circle(at[0] + size * 0.2, at[1] + size * 0.45, size * 0.95, 'fill="url(#cloudShade)"'));
  return [lights, shades].flat().join('');
}
