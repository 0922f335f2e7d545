import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createImages } from '../../src/adapters/local/images/images.ts';
import { imagesContract } from '../contracts/images.ts';
import * as pictures from '../fixtures/pictures.ts';

imagesContract((maxPixels) => createImages({ maxPixels }));

it('gives a drawing up that takes too long, and draws the next one', async () => {
  const images = createImages({ maxPixels: 1e8, svgSeconds: 2 });
  const slow = images.decode(pictures.slowSvg(), { maxSide: 100 });
  const next = images.decode(pictures.svg('<rect width="96" height="64" fill="#00ff00"/>'), { maxSide: 12 });
  await expect(slow).rejects.toMatchObject({ code: 'INVALID_MEDIA', message: expect.stringMatching(/takes longer/) });
  expect([...(await next).data.subarray(0, 3)]).toEqual([0, 255, 0]);
  images.close();
});

it('touches no native module before the first call, and prints nothing on stdout', async () => {
  const entry = fileURLToPath(new URL('../../dist/adapters/local/images/images.js', import.meta.url));
  const script = `
    const { createImages } = await import(${JSON.stringify(entry)});
    const images = createImages({ maxPixels: 1e8 });
    const before = process.report.getReport().sharedObjects.some((path) => path.includes('vips'));
    await images.card('text', { width: 64, height: 36 });
    const after = process.report.getReport().sharedObjects.some((path) => path.includes('vips'));
    console.error(JSON.stringify({ before, after }));
  `;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout).toBe('');
  expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toEqual({ before: false, after: true });
});
