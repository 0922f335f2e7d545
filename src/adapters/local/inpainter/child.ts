import type { RawImage } from '../../../ports.ts';
import { serve } from '../child/serve.ts';
import { repair } from './repair.ts';

export interface RepairParams {
  image: RawImage;
  mask: RawImage;
  avoid?: RawImage | undefined;
  seed: number;
}

/** How long the work goes on before it looks for a cancel and the parent's end, and how often it reports, in milliseconds. */
const BREATH_MS = 40;
const REPORT_MS = 100;

serve({
  repair: async ({ image, mask, avoid, seed }: RepairParams, { signal, emit }) => {
    let lastBreath = performance.now();
    let lastReport = lastBreath;
    const breathe = async (fraction: number) => {
      const now = performance.now();
      if (now - lastBreath < BREATH_MS) return;
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      lastBreath = now;
      if (now - lastReport < REPORT_MS) return;
      lastReport = now;
      await emit(fraction);
    };
    return repair(image, mask, seed, breathe, avoid);
  },
});
