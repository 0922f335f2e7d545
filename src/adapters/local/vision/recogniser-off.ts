import { AppError } from '../../../errors.ts';
import type { Recogniser } from '../../../ports.ts';
import { colourShares } from './colour-names.ts';
import type { ColourThumbnails } from './thumbnails.ts';

/**
 * A recogniser that knows nothing but colours, for VRAG_RECOGNISER=off: nothing is recognised, understood, located or boxed, so text search
 * reads words alone. `regions` is UNSUPPORTED. Loads no model and no table.
 */
export function createRecogniserOff(thumbnails: ColourThumbnails): Recogniser {
  return {
    id: 'off',
    async recognise(images, options = {}) {
      return (await thumbnails(images, options)).map((lab) => ({ classes: [], colours: colourShares(lab) }));
    },
    understand: () => Promise.resolve({ concepts: [], colours: [], unknownWords: [] }),
    describe: () => Promise.resolve([]),
    locate: () => Promise.resolve(undefined),
    subject: () => Promise.resolve(undefined),
    async regions() {
      throw new AppError('UNSUPPORTED', 'Comparing pictures region by region needs the vision model, which is switched off (VRAG_RECOGNISER=off).', {
        hint: 'Set VRAG_RECOGNISER to on.',
      });
    },
  };
}
