import { clamp, lerp, list, n, path } from './svg.mjs';

/** Crescent wavelets that grow from the horizon (`top`) to the viewer (`bottom`). `tones` are `[colour, opacity]` picked at random. */
export function wavelets(rand, { width, top, bottom, count, tones, size = 1 }) {
  const deep = bottom - top;
  return list(count, () => {
    const near = rand() ** 1.7;
    const y = top + 2 + near * deep;
    const long = size * (6 + 150 * near * (0.35 + rand()));
    const high = size * (0.7 + 9 * near * (0.3 + rand()));
    const x = lerp(-60, width, rand());
    const [colour, opacity] = tones[Math.floor(rand() * tones.length)];
    const lift = high * (0.4 + rand() * 0.6);
    const d = `M${n(x)} ${n(y)}q${n(long * 0.25)} ${n(-lift)} ${n(long * 0.55)} ${n(-lift * 0.4)}t${n(long * 0.45)} ${n(lift * 0.5)}q${n(-long * 0.3)} ${n(lift * 0.2)} ${n(-long * 0.5)} ${n(lift * 0.25)}t${n(-long * 0.5)} ${n(-lift * 0.2)}z`;
    return path(d, `fill="${colour}" opacity="${(opacity * clamp(0.35 + rand())).toFixed(2)}"`);
  });
}

/** The net of light on a shallow sea bed: the dark lines of ridged noise, turned white. */
export const caustics = (id, { frequency, seed = 3, colour = '1 1 1', gain = 9 }) => {
  const [r, g, b] = colour.split(' ');
  return `<filter id="${id}" x="0" y="0" width="100%" height="100%" color-interpolation-filters="sRGB">
<feTurbulence type="turbulence" baseFrequency="${frequency}" numOctaves="2" seed="${seed}"/>
<feColorMatrix values="0 0 0 0 ${r} 0 0 0 0 ${g} 0 0 0 0 ${b} ${-gain} 0 0 0 ${gain * 0.115}"/><feGaussianBlur stdDeviation="0.8"/></filter>`;
};
