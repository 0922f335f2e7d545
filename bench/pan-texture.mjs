// A texture that is known exactly: waves of random direction, as many in each octave of wavelength (natural pictures have about equal power in each),
// so that its mean over any pixel and at any shift is a formula.

/** Uniform numbers in [0, 1): Lehmer's generator. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Waves over a scene whose unit is one output pixel; wavelengths in output pixels. */
export function makeWaves({ count = 90, shortest = 3, longest = 80, seed = 11 } = {}) {
  const random = generator(seed);
  return Array.from({ length: count }, () => {
    const wavelength = shortest * (longest / shortest) ** random();
    const direction = 2 * Math.PI * random();
    const k = (2 * Math.PI) / wavelength;
    return { kx: k * Math.cos(direction), ky: k * Math.sin(direction), phase: 2 * Math.PI * random() };
  });
}

const sinc = (value) => (Math.abs(value) < 1e-9 ? 1 : Math.sin(value) / value);

/**
 * Mean of the scene over each pixel of a grid (an area filter): pixels of `pitch` output pixels, pixel (0, 0) centred `pitch / 2` right of and
 * below (left, top). Luma levels about 126, of full-range grey 0..255.
 */
export function areaSampled(waves, { width, height, pitch, left, top }) {
  const out = new Float32Array(width * height).fill(128);
  const size = 200 / Math.sqrt(waves.length * 8);
  for (const { kx, ky, phase } of waves) {
    const amplitude = size * sinc((kx * pitch) / 2) * sinc((ky * pitch) / 2);
    const [stepCos, stepSin] = [Math.cos(kx * pitch), Math.sin(kx * pitch)];
    for (let y = 0; y < height; y++) {
      const angle = kx * (left + pitch / 2) + ky * (top + (y + 0.5) * pitch) + phase;
      let [c, s] = [amplitude * Math.cos(angle), amplitude * Math.sin(angle)];
      for (let x = 0, at = y * width; x < width; x++, at++) {
        out[at] += s;
        [c, s] = [c * stepCos - s * stepSin, s * stepCos + c * stepSin];
      }
    }
  }
  return out;
}

/** Root mean square of the central differences, inside a margin. */
export function gradient(values, width, height, margin = 24) {
  let sum = 0;
  let count = 0;
  for (let y = margin; y < height - margin; y++) {
    for (let x = margin; x < width - margin; x++) {
      const at = y * width + x;
      sum += (values[at + 1] - values[at - 1]) ** 2 + (values[at + width] - values[at - width]) ** 2;
      count++;
    }
  }
  return Math.sqrt(sum / count) / 2;
}

/** Shift of the content along x from one frame to the next in pixels, over the whole frame: Gauss-Newton (Lucas and Kanade 1981), every second row. */
export function shiftBetween(before, after, width, height, start = 0, margin = 24) {
  let shift = start;
  for (let round = 0; round < 6; round++) {
    let [power, match] = [0, 0];
    const whole = Math.floor(shift);
    const weights = lanczos(shift - whole);
    for (let y = margin; y < height - margin; y += 2) {
      for (let x = margin; x < width - margin; x++) {
        const at = y * width + x + whole - 3;
        let value = 0;
        for (let tap = 0; tap < 8; tap++) value += weights[tap] * after[at + tap];
        const slope = (before[y * width + x + 1] - before[y * width + x - 1]) / 2;
        power += slope * slope;
        match += slope * (before[y * width + x] - value);
      }
    }
    const step = match / power;
    shift += step;
    if (Math.abs(step) < 1e-4) break;
  }
  return shift;
}

/** Eight weights of a windowed sinc: shorter filters have a phase error at short wavelengths, which would count as a shift. */
function lanczos(part) {
  const weights = Array.from({ length: 8 }, (_, tap) => sinc(Math.PI * (tap - 3 - part)) * sinc((Math.PI * (tap - 3 - part)) / 4));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
