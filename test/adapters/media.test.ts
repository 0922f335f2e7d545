import { describe, expect, it } from 'vitest';
import { openMedia } from '../../src/adapters/local/media/media.ts';
import { mediaContract } from '../contracts/media.ts';

const program = await (async () => {
  const media = openMedia({ codec: 'ffmpeg' });
  const name = await media.codec();
  media.close();
  return name;
})();

describe('node-av', () => {
  mediaContract((options) => openMedia({ codec: 'node-av', ...options }));
});

describe.skipIf(!program)(program ? 'the ffmpeg program' : 'the ffmpeg program (skipped: no ffmpeg 5.1 or newer on PATH)', () => {
  mediaContract((options) => openMedia({ codec: 'ffmpeg', ...options }));
});
