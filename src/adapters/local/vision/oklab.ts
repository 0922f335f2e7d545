/** sRGB decoding (IEC 61966-2-1), one entry per 8-bit value. */
const LINEAR = Float64Array.from({ length: 256 }, (_, value) => {
  const v = value / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});

/** Pixels in OKLab: `lab[3 * i]` lightness 0..1, then a and b, about -.4..+.4. */
export function oklab(rgb: Uint8Array): Float32Array {
  const lab = new Float32Array(rgb.length);
  for (let i = 0; i < rgb.length; i += 3) {
    const r = LINEAR[rgb[i]];
    const g = LINEAR[rgb[i + 1]];
    const b = LINEAR[rgb[i + 2]];
    // Matrices: Ottosson, "A perceptual color space for image processing", 2020 (values as revised 2021-01-25).
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    lab[i] = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
    lab[i + 1] = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
    lab[i + 2] = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  }
  return lab;
}
