import { BALL } from './beach-ball.mjs';

/** The demo's pictures, all drawn by this project. Each `file` has a module of the same name that exports `draw()`: an SVG as a string. */
export const SCENES = [
  { file: 'red-shoes', caption: 'A pair of red leather sneakers on a pale studio floor', tags: ['product', 'fashion'] },
  { file: 'seashell', caption: 'A large seashell in the sand, gentle waves behind it', tags: ['nature', 'sea'] },
  { file: 'kayak', caption: 'A colourful kayak floating on turquoise water under a blue sky', tags: ['sport', 'sea'] },
  { file: 'road', caption: 'A straight road through a green plain towards the mountains, under a tall sky', tags: ['landscape', 'travel'] },
  { file: 'towers', caption: 'High-rise glass buildings that mirror the clouds', tags: ['city', 'architecture'] },
  { file: 'dog', caption: 'A happy corgi dog looks into the camera', tags: ['animal'] },
  { file: 'hat-and-bag', caption: 'A straw hat beside a brown leather handbag on a wooden table', tags: ['product', 'fashion'] },
  { file: 'waves', caption: 'Waves on the open sea at sundown', tags: ['nature', 'sea'] },
  { file: 'aurora', caption: 'An aurora over snowy mountains and a still lake', tags: ['nature', 'night'] },
  { file: 'flower', caption: 'A purple daisy flower in a green meadow, with drops of dew', tags: ['nature'] },
  { file: 'beach-ball', caption: 'A palm beach with a stray beach ball in the sand', tags: ['nature', 'sea'], remove: { what: 'the stray ball', box: BALL } },
];
