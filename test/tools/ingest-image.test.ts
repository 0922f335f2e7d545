import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asset } from '../../src/ports.ts';
import { type Connection, connect, textOf } from '../client.ts';
import { cutData, noisyFrames } from '../fixtures/clips.ts';
import { PERSONAL, personalJpeg } from '../fixtures/personal.ts';
import { photographPath } from '../fixtures/photographs.ts';
import {
  alphaPng,
  animatedGif,
  cameraRawHeader,
  cmykJpeg,
  exifRotatedJpeg,
  heicHeader,
  hugePng,
  jpeg,
  noise,
  png,
  png16,
  svg,
  textFile,
  truncatedJpeg,
} from '../fixtures/pictures.ts';

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
    [field: string]: unknown;
  };
  alreadyThere: boolean;
  nearDuplicates?: { id: string; name: string; distance: number }[];
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
    ['WebP', 'a.webp', () => noise().webp().toBuffer()],
    ['AVIF', 'a.avif', () => noise().avif().toBuffer()],
    ['TIFF', 'a.tif', () => noise().tiff().toBuffer()],
    ['an SVG drawing', 'a.svg', async () => svg('<circle cx="48" cy="32" r="20" fill="#ff0000"/>')],
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

/** The asset as the catalog has it, and its preview. */
async function stored(id: string): Promise<{ asset: Asset; preview: Buffer }> {
  const { ports } = await server.studio();
  const asset = await ports.catalog.get(id);
  const preview = asset?.previewKey && (await ports.objects.get(asset.previewKey));
  if (!asset || !preview) throw new Error(`${id} has no preview`);
  return { asset, preview: Buffer.from(preview) };
}

describe('what is known of a new picture', () => {
  it('holds its own caption, creator and licence, cleaned and labelled, and what is computed from its pixels', async () => {
    const result = await server.raw('ingest_image', { path: await file('personal.jpg', await personalJpeg()), collection: 'known' });
    const { asset, advice } = result.structuredContent as unknown as Ingested;
    expect(asset).toMatchObject({
      width: 96,
      height: 64,
      orientation: 'landscape',
      caption: 'Kayak & gulls at dawn',
      captionOrigin: 'file',
      creator: 'Ada Lens, Bo Shutter',
      licence: 'CC BY 4.0',
      source: 'file:personal.jpg',
    });
    // Mean of BT.601 luma of red, green, blue and yellow.
    expect(asset.brightness).toBeCloseTo(0.47, 1);
    expect(advice).not.toContain('no caption');
    expect(textOf(result)).toMatch(/Kayak & gulls at dawn \(caption from the file itself\)/);
    for (const fact of ['landscape', 'CC BY 4.0', 'Ada Lens, Bo Shutter', 'file:personal.jpg']) expect(textOf(result)).toContain(fact);
    for (const text of Object.values(PERSONAL)) expect(JSON.stringify(result)).not.toContain(text);
  });

  it('is what was given rather than what the file says, and nothing where an empty text was given', async () => {
    const bytes = Buffer.concat([await personalJpeg(), Buffer.from('2')]);
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('p2.jpg', bytes), collection: 'given', caption: 'Mine', licence: '' });
    expect(asset).toMatchObject({ caption: 'Mine', captionOrigin: 'given', creator: 'Ada Lens, Bo Shutter' });
    expect(asset.licence).toBeUndefined();
  });

  it('keeps the original byte for byte, and shows a preview that is upright, in sRGB and without metadata', async () => {
    const bytes = await personalJpeg();
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('original.jpg', bytes), collection: 'original' });
    expect(await readFile(asset.path)).toEqual(bytes);
    const { preview } = await stored(asset.id);
    const meta = await sharp(preview).metadata();
    expect(meta).toMatchObject({ format: 'jpeg', width: 96, height: 64, space: 'srgb' });
    for (const kind of ['exif', 'xmp', 'iptc', 'icc', 'orientation', 'comments'] as const) expect(meta[kind], kind).toBeUndefined();
    for (const text of [...Object.values(PERSONAL), 'Kayak']) expect(preview.includes(text), text).toBe(false);
    const { data } = await sharp(preview).extract({ left: 20, top: 12, width: 1, height: 1 }).raw().toBuffer({ resolveWithObject: true });
    // The upper left quarter is sRGB red; without the conversion from Display P3 it would be (234, 51, 35).
    expect(data[0]).toBeGreaterThan(245);
    expect(Math.max(data[1], data[2])).toBeLessThan(20);
  });

  it('has a preview of at most 512 px, on white where the picture is clear', async () => {
    const large = await server.call<Ingested>('ingest_image', { path: await file('large.jpg', await noise().resize(1800, 900).jpeg().toBuffer()) });
    expect(await sharp((await stored(large.asset.id)).preview).metadata()).toMatchObject({ width: 512, height: 256 });
    const clear = await server.call<Ingested>('ingest_image', { path: await file('clear.png', await alphaPng()) });
    const left = await sharp((await stored(clear.asset.id)).preview)
      .extract({ left: 4, top: 4, width: 20, height: 20 })
      .png()
      .toBuffer();
    expect((await sharp(left).stats()).channels.map(({ mean }) => Math.round(mean))).toEqual([255, 255, 255]);
  });

  it('names pictures that look nearly the same, with the distance, and adds it all the same', async () => {
    const photograph = await readFile(photographPath('dust-bowl-home'));
    const add = async (name: string, bytes: Uint8Array) =>
      server.call<Ingested>('ingest_image', { path: await file(name, bytes), collection: 'twins', caption: name });
    const first = await add('first.jpg', photograph);
    expect(first.nearDuplicates).toBeUndefined();
    await add('other.jpg', await readFile(photographPath('black-canyon')));
    const again = await add('again.jpg', await sharp(photograph).resize(500).jpeg({ quality: 50 }).toBuffer());
    expect(again.alreadyThere).toBe(false);
    expect(again.nearDuplicates).toEqual([{ id: first.asset.id, name: 'first.jpg', distance: expect.any(Number) }]);
    expect(again.nearDuplicates?.[0].distance).toBeLessThanOrEqual(10);
    expect(again.advice).toMatch(/Looks nearly the same as img_\w+ "first.jpg" \(\d+ of 64 bits differ\): the same picture in other bytes/);
  });

  it('does not take flat pictures for copies of each other', async () => {
    for (const background of ['#ffffff', '#336699']) {
      const bytes = await sharp({ create: { width: 50, height: 50, channels: 3, background } })
        .png()
        .toBuffer();
      const { nearDuplicates } = await server.call<Ingested>('ingest_image', { path: await file('flat.png', bytes), collection: 'flat' });
      expect(nearDuplicates).toBeUndefined();
    }
  });
});

describe('a small picture is added as base64', () => {
  it.each([
    ['bare', ''],
    ['as a data: URL', 'data:image/png;base64,'],
  ])('%s', async (_, prefix) => {
    const bytes = await png(prefix ? 62 : 66, 42);
    const text = bytes.toString('base64').replace(/(.{76})/g, '$1\n');
    const { asset } = await server.call<Ingested>('ingest_image', { base64: prefix + text, name: 'Pasted', tags: ['x'] });
    expect(asset).toMatchObject({ width: prefix ? 62 : 66, height: 42, mediaType: 'image/png', name: 'Pasted', source: 'base64' });
    expect(await readFile(asset.path)).toEqual(bytes);
  });
});

describe('a folder or pattern', () => {
  it('is added by a job', async () => {
    const folder = path.join(server.inbox, 'album');
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'a.png'), await png(72, 36));
    for (const asked of [folder, path.join(folder, '*.png')]) {
      const result = await server.call<{ jobId: string; advice: string; asset?: unknown }>('ingest_image', {
        path: asked,
        collection: 'album',
        tags: ['album'],
      });
      expect(result.jobId).toMatch(/^job_/);
      expect(result.advice).toContain(`get_job {jobId: "${result.jobId}"}`);
      expect(result.asset).toBeUndefined();
      const { assets, ports } = await server.studio();
      await expect.poll(async () => (await assets.readLibraryJobView(ports, result.jobId))?.state, { timeout: 20_000 }).toBe('succeeded');
    }
    expect(await server.error('ingest_image', { path: folder, attributes: { status: 'x' } })).toContain('every asset has');
  });
});

describe('a collection that requires approval', () => {
  it('lets new pictures wait, and says so', async () => {
    const { ports } = await server.studio();
    await ports.catalog.configure('vetted', { requireApproval: true });
    const { asset, advice } = await server.call<Ingested>('ingest_image', {
      path: await file('wait.png', await noise().png().toBuffer()),
      collection: 'vetted',
      caption: 'x',
    });
    expect(asset.status).toBe('pending');
    expect(advice).toMatch(/Added as pending/);
    const { imageId } = await server.call<{ imageId: string }>('inpaint_image', { imageId: asset.id, boxes: [{ x: 2, y: 2, width: 4, height: 4 }] });
    await server.call('ingest_image', { imageId: asset.id, status: 'approved' });
    const ofApproved = await server.call<{ imageId: string; advice: string }>('inpaint_image', {
      imageId: asset.id,
      boxes: [{ x: 8, y: 8, width: 4, height: 4 }],
    });
    expect(ofApproved.advice).toContain('is pending');
    for (const id of [imageId, ofApproved.imageId]) expect((await stored(id)).asset).toMatchObject({ status: 'pending', madeFrom: [asset.id] });
    expect(
      (await server.call<Ingested>('ingest_image', { path: await file('ok.png', await png(82, 64)), collection: 'vetted', status: 'approved' })).asset.status,
    ).toBe('approved');
  });
});

describe('a failed call leaves nothing in the store', () => {
  const objects = async () =>
    (await readdir(path.join(server.home, 'objects'), { recursive: true }).catch(() => [])).filter((name) => name.includes('.')).sort();

  it('where the picture is broken, or the collection cannot be searched here', async () => {
    const { ports } = await server.studio();
    await ports.catalog.configure('elsewhere', { embedderId: 'model-of-another-machine' });
    const before = await objects();
    const cutPng = (await noise().png().toBuffer()).subarray(0, 20_000);
    expect(await server.error('ingest_image', { path: await file('half.png', cutPng) })).toContain('INVALID_MEDIA');
    expect(await server.error('ingest_image', { path: await file('fine.png', await png(92, 62)), collection: 'elsewhere' })).toContain(
      'model-of-another-machine',
    );
    expect(await objects()).toEqual(before);
  });

  it('but the bytes of a deleted picture that something made of it cites', async () => {
    const source = await file('cited.png', await png(94, 62));
    const { asset } = await server.call<Ingested>('ingest_image', { path: source, collection: 'cited' });
    await server.call('inpaint_image', { imageId: asset.id, boxes: [{ x: 2, y: 2, width: 4, height: 4 }] });
    await server.call('delete_image', { imageId: asset.id });
    const before = await objects();
    expect(before.some((name) => name.includes(path.basename(asset.path)))).toBe(true);
    expect(await server.error('ingest_image', { path: source, collection: 'elsewhere' })).toContain('model-of-another-machine');
    expect(await objects()).toEqual(before);
  });
});

describe('editing', () => {
  it('sets attributes by name, keeps the others, and takes those away that are null', async () => {
    const attributes = { season: 'Summer\u202e 24', price: 12.5, sold: false, 'größe_cm-2': '2026-11-21' };
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('attributed.png', await png(54, 32)), attributes });
    expect(asset.attributes).toEqual({ ...attributes, season: 'Summer 24' });
    const edited = await server.raw('ingest_image', { imageId: asset.id, attributes: { price: 9, sold: null, nothing: null } });
    expect((edited.structuredContent as unknown as Ingested).asset.attributes).toEqual({ season: 'Summer 24', price: 9, 'größe_cm-2': '2026-11-21' });
    expect(textOf(edited)).toContain('season=Summer 24, price=9');
    const cleared = await server.call<Ingested>('ingest_image', {
      imageId: asset.id,
      name: 'New name',
      attributes: { season: null, price: null, 'größe_cm-2': null },
    });
    expect(cleared.asset.attributes).toBeUndefined();
    expect(cleared.asset.name).toBe('New name');
    expect(await server.error('ingest_image', { imageId: asset.id, attributes: { width: 3 } })).toContain('every asset has');
  });

  it('does not bring back what was deleted meanwhile', async () => {
    const { asset } = await server.call<Ingested>('ingest_image', { path: await file('gone.png', await png(56, 34)) });
    const { ports } = await server.studio();
    const [edit] = await Promise.allSettled([
      server.raw('ingest_image', { imageId: asset.id, caption: 'late' }),
      server.call('delete_image', { imageId: asset.id }),
    ]);
    expect(edit.status).toBe('fulfilled');
    expect(await ports.catalog.get(asset.id)).toBeUndefined();
  });

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
  it('a folder that is not there', () => refused({ path: path.join(server.inbox, 'no', 'folder', '*.jpg') }, 'NOT_FOUND'));
  it('a pattern that matches nothing', () => refused({ path: path.join(server.inbox, '*.psd') }, 'NOT_FOUND', 'No file matches'));
  it('a folder outside', () => refused({ path: '/etc' }, 'FORBIDDEN', 'VRAG_ALLOWED_DIRS'));
  it('base64 that is none, and more of it than 2 MB', async () => {
    await refused({ base64: 'not base64!' }, 'INVALID_INPUT', 'no base64 text');
    await refused({ base64: 'data:image/png,%89PNG' }, 'INVALID_INPUT', 'no base64 text');
    await refused({ base64: '' }, 'INVALID_INPUT', 'no base64 text');
    await refused({ base64: 'A'.repeat(2_700_000) }, 'INVALID_INPUT', '2025000 bytes', 'path or url');
    await refused({ base64: Buffer.from('just text').toString('base64') }, 'INVALID_MEDIA', 'text file');
  });
  it.each([
    ['status', 'x', 'every asset has'],
    ['MegaPixels', 1, 'every asset has'],
    ['tags', 'x', 'every asset has'],
    ['a b', 'x', 'no name'],
    ['', 'x', 'no name'],
    ['x'.repeat(41), 'x', 'no name'],
    ['season', ['summer'], 'neither text'],
    ['season', { name: 'summer' }, 'neither text'],
    ['season', 'x'.repeat(501), '500 characters'],
  ])('the attribute %j', async (name, value, message) =>
    refused({ path: await file('attribute.png', await png(38, 28)), attributes: { [name]: value } }, 'INVALID_INPUT', message),
  );
  it('more than 32 attributes', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a${index}`, index]));
    await refused({ path: await file('attributes.png', await png(38, 26)), attributes }, 'INVALID_INPUT', '33', '32');
  });
  it.each([
    ['a PDF', '%PDF-1.7\n', 'PDF document', 'Export the page'],
    ['a Photoshop document', '8BPS\0\x01', 'Photoshop', 'Convert it'],
    ['a JPEG XL picture', '\xff\x0a', 'JPEG XL', 'Convert it'],
    ['a DNG', '', 'camera raw', 'Convert it'],
  ])('%s', async (_, head, what, hint) => {
    await refused({ path: await file('other.bin', head ? Buffer.from(head, 'latin1') : cameraRawHeader()) }, 'INVALID_MEDIA', what, hint);
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
