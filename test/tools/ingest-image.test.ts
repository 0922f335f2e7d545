import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { cutData, noisyFrames } from '../fixtures/clips.ts';
import { photographPath } from '../fixtures/photographs.ts';
import { animatedGif, cmykJpeg, exifRotatedJpeg, heicHeader, hugePng, jpeg, png, png16, textFile, truncatedJpeg } from '../fixtures/pictures.ts';

interface Ingested {
  asset: {
    id: string;
    width: number;
    height: number;
    mediaType: string;
    caption?: string;
    tags: string[];
    status: string;
    seen: Record<string, number>;
    path: string;
  };
  alreadyThere: boolean;
  advice: string;
}

let server: Connection;
const file = async (name: string, bytes: Uint8Array): Promise<string> => {
  const full = path.join(server.inbox, name);
  await writeFile(full, bytes);
  return full;
};
const total = async (): Promise<number> =>
  (await server.call<{ collections: { images: number; videos: number }[] }>('search_images')).collections.reduce(
    (sum, { images, videos }) => sum + images + videos,
    0,
  );

beforeAll(async () => {
  server = await connect();
});
afterAll(() => server.close());

describe('a picture is added', () => {
  it('with its size, type, what is seen in it and a path to the original bytes', async () => {
    const bytes = await jpeg(320, 200);
    const { asset, alreadyThere, advice } = await server.call<Ingested>('ingest_image', {
      path: await file('quarters.jpg', bytes),
      caption: 'four quarters',
      tags: ['Test', 'test'],
    });
    expect(asset).toMatchObject({ width: 320, height: 200, mediaType: 'image/jpeg', caption: 'four quarters', tags: ['test'], status: 'approved' });
    expect(asset.id).toMatch(/^img_[0-9a-z]{20}$/);
    expect(alreadyThere).toBe(false);
    expect(advice).not.toContain('no caption');
  });

  it('once: the same bytes are the same asset, and a new caption is taken over', async () => {
    const bytes = await png(64, 64);
    const first = await server.call<Ingested>('ingest_image', { path: await file('a.png', bytes) });
    const before = await total();
    const second = await server.call<Ingested>('ingest_image', { path: await file('b.png', bytes), caption: 'now described' });
    expect(second).toMatchObject({ alreadyThere: true, asset: { id: first.asset.id, caption: 'now described' } });
    expect(first.advice).toContain('no caption');
    expect(await total()).toBe(before);
  });

  it('and can be found in the very next call by what is in it', async () => {
    const { asset } = await server.call<Ingested>('ingest_image', {
      path: await file('x1.jpg', await readFile(photographPath('march-pastoral'))),
      collection: 'photos',
    });
    const found = await server.call<{ hits: { id: string; scores: { seen: number }; weak: boolean }[] }>('search_images', {
      query: 'sheep',
      collection: 'photos',
    });
    expect(found.hits[0]).toMatchObject({ id: asset.id, weak: false });
    expect(found.hits[0].scores.seen).toBeGreaterThan(0.15);
  });

  it('upright, when the camera was turned', async () => {
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('turned.jpg', await exifRotatedJpeg()) });
    expect(asset).toMatchObject({ width: 96, height: 64 });
  });

  it.each([
    ['an animated GIF (its first frame)', 'moving.gif', animatedGif],
    ['a 16-bit PNG', 'deep.png', png16],
    ['a CMYK JPEG', 'print.jpg', cmykJpeg],
  ])('from %s', async (_, name, make) => {
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file(name, await make()) });
    expect(asset.width).toBeGreaterThan(0);
  });

  it('and edited by id without touching what is not named', async () => {
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('edit.png', await png(40, 30)), caption: 'before', tags: ['one'] });
    const edited = await server.call<Ingested>('ingest_image', { imageId: asset.id, tags: ['two'], status: 'rejected' });
    expect(edited.asset).toMatchObject({ id: asset.id, caption: 'before', tags: ['two'], status: 'rejected' });
  });
});

describe('editing', () => {
  it('clears a caption by an empty one, and says when nothing changed', async () => {
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('clear.png', await png(46, 32)), caption: 'wrong' });
    expect((await server.call<Ingested>('ingest_image', { imageId: asset.id, caption: '' })).asset.caption).toBeUndefined();
    expect((await server.call<Ingested>('ingest_image', { imageId: asset.id })).advice).toMatch(/^Nothing was changed/);
    expect(await server.error('ingest_image', { imageId: asset.id, collection: 'other' })).toMatch(/cannot be moved/);
  });

  it('takes the address of an asset for its id', async () => {
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('address.png', await png(48, 34)) });
    expect((await server.call<Ingested>('ingest_image', { imageId: ` vrag://images/${asset.id}`, tags: ['x'] })).asset.id).toBe(asset.id);
  });
});

describe('bad input is refused with what to do, and nothing is added', () => {
  const refused = async (args: Record<string, unknown>, ...texts: string[]): Promise<void> => {
    const before = await total();
    const text = await server.error('ingest_image', args);
    for (const expected of texts) expect(text.toLowerCase()).toContain(expected.toLowerCase());
    expect(await total()).toBe(before);
  };

  it('a missing file', () => refused({ path: path.join(server.inbox, 'nowhere.jpg') }, 'NOT_FOUND', 'nowhere.jpg'));
  it('a folder', async () => {
    await mkdir(path.join(server.inbox, 'folder'), { recursive: true });
    await refused({ path: path.join(server.inbox, 'folder') }, 'INVALID_INPUT', 'folder');
  });
  it('an empty file', async () => refused({ path: await file('empty.jpg', new Uint8Array()) }, 'empty'));
  it('a text file named .jpg', async () => refused({ path: await file('note.jpg', textFile()) }, 'INVALID_MEDIA'));
  it('a truncated JPEG', async () => refused({ path: await file('cut.jpg', await truncatedJpeg()) }, 'INVALID_MEDIA', 'cut off'));
  it('a truncated MP4', async () =>
    refused(
      { path: await file('cut.mp4', Buffer.concat([Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isomiso2', 'latin1'), Buffer.alloc(500)])) },
      'INVALID_MEDIA',
    ));
  it('an MP4 whose second half is missing', async () => {
    const { ports } = await server.studio();
    const whole = path.join(server.inbox, 'whole.mp4');
    await ports.media.encode(noisyFrames(48), { path: whole, width: 320, height: 180, fps: 24 });
    expect((await server.call<Ingested>('ingest_image', { path: whole })).asset).toMatchObject({ mediaType: 'video/mp4', width: 320 });
    await refused({ path: await file('half.mp4', cutData(await readFile(whole), 0.5)) }, 'INVALID_MEDIA', 'of 48 frames');
  });
  it('a picture of 30,000 x 30,000 pixels in a few kB', async () => refused({ path: await file('huge.png', hugePng()) }, 'INVALID_MEDIA', '30000'));
  it('a HEIC picture', async () => refused({ path: await file('phone.heic', heicHeader()) }, 'INVALID_MEDIA', 'HEIC', 'convert'));
  it('a path outside the allowed folders', () => refused({ path: '/etc/hostname' }, 'FORBIDDEN', 'VRAG_ALLOWED_DIRS'));
  it('a path that climbs out by ..', () => refused({ path: `${server.inbox}/../../../etc/hostname` }, 'FORBIDDEN'));
  it('a link that leads out', async () => {
    const link = path.join(server.inbox, 'link.jpg');
    await symlink('/etc/hostname', link);
    await refused({ path: link }, 'FORBIDDEN');
  });
  it('a picture that exists only in the chat', () => refused({ path: '/mnt/user-data/uploads/image.png' }, 'save it to a file'));
  it('an http URL', () => refused({ url: 'http://example.com/a.jpg' }, 'INVALID_INPUT', 'https'));
  it.each(['https://127.0.0.1/a.jpg', 'https://localhost/a.jpg', 'https://169.254.169.254/latest', 'https://[::1]/a.jpg', 'https://10.0.0.1/a.jpg'])(
    'the private address %s',
    (url) => refused({ url }, 'FORBIDDEN'),
  );
  it('an unknown id, with the closest one', async () => {
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('close.png', await png(34, 44)) });
    await refused({ imageId: `${asset.id.slice(0, -1)}!`, caption: 'x' }, 'NOT_FOUND', asset.id);
  });
  it('path and url together', () => refused({ path: 'a', url: 'b' }, 'exactly one'));
  it('nothing at all', () => refused({}, 'exactly one'));
  it('a collection whose name differs only in case', async () => {
    await server.call('ingest_image', { path: await file('case.png', await png(50, 30)), collection: 'Spring' });
    await refused({ path: await file('case2.png', await png(52, 30)), collection: 'spring' }, '"Spring"');
  });
  it('an unknown argument', () => refused({ path: 'a', captoin: 'x' }, 'captoin'));
  it('a collection name with a slash', () => refused({ path: 'a', collection: '../x' }, 'collection'));
});

it('the same picture added many times at once is one asset', async () => {
  const bytes = await png(88, 66);
  const files = await Promise.all(Array.from({ length: 6 }, (_, index) => file(`same-${index}.png`, bytes)));
  const added = await Promise.all(files.map((path) => server.call<Ingested>('ingest_image', { path, collection: 'race' })));
  const { collections } = await server.call<{ collections: { name: string; images: number }[] }>('search_images');
  expect(collections.find(({ name }) => name === 'race')).toMatchObject({ images: 1 });
  const { asset } = await server.call<Ingested>('ingest_image', { path: files[0], collection: 'race' });
  expect(added.map((result) => result.asset.id)).toEqual(Array(6).fill(asset.id));
});
