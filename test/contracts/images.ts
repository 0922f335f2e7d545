import { afterEach, describe, expect, it } from 'vitest';
import type { Images, RawImage } from '../../src/ports.ts';
import * as personal from '../fixtures/personal.ts';
import { photograph } from '../fixtures/photographs.ts';
import * as pictures from '../fixtures/pictures.ts';

const { width, height } = pictures.PICTURE;

/** The pixel at a place given in fractions of the picture. */
function pixel(image: RawImage, x: number, y: number): number[] {
  const at = (Math.floor(y * image.height) * image.width + Math.floor(x * image.width)) * image.channels;
  return [...image.data.subarray(at, at + image.channels)];
}

function expectColour(image: RawImage, x: number, y: number, colour: number[], tolerance = 12): void {
  const found = pixel(image, x, y);
  const worst = Math.max(...colour.map((value, i) => Math.abs(value - found[i])));
  expect(worst, `${found} at ${x}, ${y} of ${image.width} x ${image.height}, expected ${colour}`).toBeLessThanOrEqual(tolerance);
}

function expectQuarters(image: RawImage, tolerance?: number): void {
  expectColour(image, 0.25, 0.25, [255, 0, 0], tolerance);
  expectColour(image, 0.75, 0.25, [0, 255, 0], tolerance);
  expectColour(image, 0.25, 0.75, [0, 0, 255], tolerance);
  expectColour(image, 0.75, 0.75, [255, 255, 0], tolerance);
}

const flat = (w: number, h: number, colour: number[]): RawImage => ({
  width: w,
  height: h,
  channels: colour.length as 1 | 3 | 4,
  data: Uint8Array.from({ length: w * h * colour.length }, (_, i) => colour[i % colour.length]),
});

/** Left third red, middle green, right third blue. */
const stripes = (w: number, h: number): RawImage => {
  const image = flat(w, h, [0, 0, 0]);
  for (let i = 0; i < w * h; i++) image.data[i * 3 + Math.floor(((i % w) * 3) / w)] = 255;
  return image;
};

/** What every `Images` adapter does. `open` gets a pixel limit. */
export function imagesContract(open: (maxPixels: number) => Images): void {
  const made: Images[] = [];
  const images = (maxPixels = 100_000_000) => {
    const one = open(maxPixels);
    made.push(one);
    return one;
  };
  afterEach(() => {
    for (const one of made.splice(0)) (one as Images & { close?(): void }).close?.();
  });

  describe('probe', () => {
    it.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const)('reads the header of a %s picture', async (format) => {
      const bytes = await pictures.quarters().toFormat(format).toBuffer();
      expect(await images().probe(bytes)).toMatchObject({ width, height, mediaType: `image/${format}`, pages: 1, bitDepth: 8 });
    });

    it('gives the upright size of a picture turned by EXIF', async () => {
      expect(await images().probe(await pictures.exifRotatedJpeg())).toMatchObject({ width, height });
    });

    it('counts frames, bits and alpha', async () => {
      expect(await images().probe(await pictures.animatedGif())).toMatchObject({ width, height, pages: 3 });
      expect(await images().probe(await pictures.png16())).toMatchObject({ bitDepth: 16 });
      expect(await images().probe(await pictures.alphaPng())).toMatchObject({ hasAlpha: true });
      expect(await images().probe(await pictures.png())).toMatchObject({ hasAlpha: false });
      expect(await images().probe(await pictures.cmykJpeg())).toMatchObject({ colourSpace: 'cmyk' });
    });

    it('refuses a 30,000 x 30,000 pixel PNG of a few kilobytes and names size and limit', async () => {
      const bomb = pictures.hugePng();
      expect(bomb.length).toBeLessThan(8000);
      const error = { code: 'INVALID_MEDIA', message: expect.stringMatching(/30000 x 30000 pixels \(900 megapixels\).*100 megapixels/) };
      await expect(images().probe(bomb)).rejects.toMatchObject(error);
      await expect(images().decode(bomb, { maxSide: 10 })).rejects.toMatchObject(error);
    });

    it('holds the limit exactly', async () => {
      const bytes = await pictures.png();
      await expect(images(width * height).decode(bytes)).resolves.toMatchObject({ width, height });
      await expect(images(width * height - 1).decode(bytes)).rejects.toMatchObject({ code: 'INVALID_MEDIA' });
    });
  });

  describe('what a file says of itself', () => {
    const written = async (bytes: Uint8Array) => (await images().probe(bytes)).written;

    it('is taken from XMP first', async () => {
      const expected = { description: 'Kayak & gulls at dawn\u202e', creator: 'Ada Lens, Bo Shutter', licence: 'CC BY 4.0' };
      expect(await written(await personal.personalJpeg())).toEqual(expected);
      expect(await written(await personal.writtenPng())).toEqual(expected);
    });

    it('is taken from IPTC in its character set, and from EXIF, field by field', async () => {
      const exif = await personal.exifJpeg({ ImageDescription: 'A wide beach', Artist: 'K__the', Copyright: '(c) K' });
      exif.write('ä', exif.indexOf('K__the') + 1);
      expect(await written(exif)).toEqual({ description: 'A wide beach', creator: 'Käthe', licence: '(c) K' });
      for (const utf8 of [true, false]) {
        const both = personal.withSegments(exif, personal.iptcSegment({ 120: 'Größe 東'.slice(0, utf8 ? 7 : 5), 116: 'CC0' }, utf8));
        expect(await written(both)).toEqual({ description: utf8 ? 'Größe 東' : 'Größe', creator: 'Käthe', licence: 'CC0' });
      }
    });

    it('is taken from the tags of a TIFF', async () => {
      expect(await written(personal.writtenTiff('Scan of a map'))).toEqual({ description: 'Scan of a map' });
    });

    it('is nothing where only a camera filled the fields', async () => {
      for (const text of ['OLYMPUS DIGITAL CAMERA         ', 'SONY DSC', 'DCIM\\100MEDIA\\DJI_0001.JPG', '   ', '---'])
        expect(await written(await personal.exifJpeg({ ImageDescription: text })), text).toBeUndefined();
      expect(await written(personal.writtenTiff('東京'))).toEqual({ description: '東京' });
      expect(await written(await pictures.jpeg())).toBeUndefined();
    });

    const packet = (body: string) =>
      `<rdf:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:d="http://purl.org/dc/elements/1.1/">${body}</rdf:RDF>`;
    it.each([
      ['another prefix', packet('<d:description><r:Alt><r:li xml:lang="x-default">one</r:li></r:Alt></d:description>'), { description: 'one' }],
      ['an attribute', packet('<r:Description d:description="two &#x26; &#50;&unknown;"/>'), { description: 'two & 2&unknown;' }],
      ['text without a list', packet('<d:creator>three</d:creator>'), { creator: 'three' }],
      [
        'an entity that would be fetched',
        `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>${packet('<d:creator>&e;</d:creator>')}`,
        { creator: '&e;' },
      ],
      ['an element that never ends', packet('<d:description><r:Alt><r:li>x'), undefined],
      ['an empty element', packet('<d:description/><d:creator> </d:creator>'), undefined],
    ])('reads XMP with %s', async (_, xmp, expected) => {
      expect(await written(await personal.xmpJpeg(xmp))).toEqual(expected);
    });

    it('is at most 4,000 characters long, and hostile metadata takes no time', async () => {
      const long = await written(await personal.xmpJpeg(packet(`<d:description>${'a'.repeat(20_000)}</d:description>`)));
      expect(long?.description).toHaveLength(4000);
      for (const part of ['<d:description ', '<r:li>', '<d:creator><r:li', '&#', ' d:rights=', 'xmlns:d=']) {
        const bytes = await personal.xmpJpeg(packet(`<d:description>${part.repeat(Math.floor(60_000 / part.length))}`));
        const started = performance.now();
        await written(bytes);
        expect(performance.now() - started, part).toBeLessThan(2000);
      }
    });

    it('never fails a picture whose metadata is nonsense', async () => {
      const bytes = await personal.exifJpeg({ ImageDescription: 'x'.repeat(100), Artist: 'somebody else' });
      const start = bytes.indexOf('Exif\0\0');
      for (let at = start + 6; at < start + 120; at++) {
        const broken = Buffer.from(bytes);
        broken[at] ^= 0xff;
        await expect(images().probe(broken)).resolves.toMatchObject({ width, height });
      }
      const iptc = personal.withSegments(await pictures.jpeg(), personal.iptcSegment({ 120: 'abc' }).subarray(0, -6));
      await images()
        .probe(iptc)
        .catch((error) => expect(error).toMatchObject({ code: 'INVALID_MEDIA' }));
    });
  });

  describe('fingerprint', () => {
    const distance = (a: string, b: string) => [...(BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2)].filter((bit) => bit === '1').length;
    const copyOf = async (image: RawImage, change: (file: Uint8Array) => Promise<RawImage>) =>
      images().fingerprint(await change((await images().encode(image, { format: 'png' })).bytes));

    it('is 16 hex digits and a mean lightness', async () => {
      for (const [grey, brightness] of [
        [0, 0],
        [255, 1],
        [51, 0.2],
      ]) {
        const print = await images().fingerprint(flat(40, 30, [grey, grey, grey]));
        expect(print.brightness).toBeCloseTo(brightness, 2);
        expect(print.perceptualHash).toBe('0000000000000000');
      }
      expect((await images().fingerprint(flat(40, 30, [0, 255, 0]))).brightness).toBeCloseTo(0.587, 2);
      expect((await images().fingerprint(flat(40, 30, [0, 0, 0, 0]))).brightness).toBe(1);
      expect((await images().fingerprint(stripes(90, 60))).perceptualHash).toMatch(/^[0-9a-f]{16}$/);
    });

    it('stays within a few bits when a photograph is scaled, saved again or cropped a little, and is far from another', async () => {
      const image = await photograph('march-pastoral');
      const own = (await images().fingerprint(image)).perceptualHash;
      const half = { width: image.width >> 1, height: image.height >> 1, fit: 'cover' as const };
      const small = await images().fingerprint(await images().resize(image, half));
      const coarse = await copyOf(image, async (file) => {
        const jpeg = await images().encode(await images().decode(file), { format: 'jpeg', quality: 30 });
        return images().decode(jpeg.bytes);
      });
      const grey = { ...image, data: image.data.map((_, i) => image.data[i - (i % 3) + 1]) };
      for (const other of [small, coarse, await images().fingerprint(grey)]) expect(distance(own, other.perceptualHash)).toBeLessThanOrEqual(6);
      for (const name of ['dust-bowl-home', 'black-canyon', 'nagasaki-boats', 'french-alpine-landscape'] as const) {
        const other = await images().fingerprint(await photograph(name));
        expect(distance(own, other.perceptualHash), name).toBeGreaterThan(14);
      }
    });

    it('tells a picture from its mirror image', async () => {
      const image = await photograph('dust-bowl-home');
      const mirrored = { ...image, data: Uint8Array.from(image.data) };
      for (let i = 0; i < image.data.length; i += 3) {
        const x = (i / 3) % image.width;
        mirrored.data.set(image.data.subarray(i, i + 3), i + 3 * (image.width - 1 - 2 * x));
      }
      const [a, b] = [await images().fingerprint(image), await images().fingerprint(mirrored)];
      expect(distance(a.perceptualHash, b.perceptualHash)).toBeGreaterThan(20);
      expect(a.brightness).toBeCloseTo(b.brightness, 2);
    });
  });

  describe('decode', () => {
    it.each(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const)('decodes %s to RGB rows from the top', async (format) => {
      const image = await images().decode(await pictures.quarters().toFormat(format, { quality: 95 }).toBuffer());
      expect(image).toMatchObject({ width, height, channels: 3 });
      expect(image.data).toBeInstanceOf(Uint8Array);
      expect(image.data.length).toBe(width * height * 3);
      expectQuarters(image, 40);
    });

    it('turns a picture upright', async () => {
      const image = await images().decode(await pictures.exifRotatedJpeg());
      expect(image).toMatchObject({ width, height });
      expectQuarters(image, 40);
    });

    it('turns a picture upright when it is made smaller, too', async () => {
      const image = await images().decode(await pictures.exifRotatedJpeg(), { maxSide: 48 });
      expect(image).toMatchObject({ width: 48, height: 32 });
      expectQuarters(image, 40);
    });

    it('converts 16-bit, grey and CMYK pictures to 8-bit sRGB', async () => {
      expectQuarters(await images().decode(await pictures.png16()), 2);
      const grey = await images().decode(await pictures.greyPng());
      expect(grey.channels).toBe(3);
      const [r, g, b] = pixel(grey, 0.25, 0.25);
      expect([g, b]).toEqual([r, r]);
      const cmyk = await images().decode(await pictures.cmykJpeg());
      expect(cmyk.channels).toBe(3);
      expectColour(cmyk, 0.25, 0.25, [237, 28, 36], 40);
      expectColour(cmyk, 0.75, 0.75, [255, 242, 0], 40);
    });

    it('applies an embedded colour profile', async () => {
      const wide = await pictures.quarters().withIccProfile('p3').png().toBuffer();
      expectQuarters(await images().decode(wide), 6);
    });

    it('turns a picture upright and converts its profile, and nothing of its metadata is in what is encoded', async () => {
      const bytes = await personal.personalJpeg();
      const image = await images().decode(bytes);
      expect(image).toMatchObject({ width, height });
      expectQuarters(image, 12);
      for (const format of ['jpeg', 'png', 'webp'] as const) {
        const file = Buffer.from((await images().encode(image, { format })).bytes);
        for (const text of [...Object.values(personal.PERSONAL), 'Exif', 'Kayak', 'ICC_PROFILE', 'iCCP'])
          expect(file.includes(text), `${text} in ${format}`).toBe(false);
        expect(await images().probe(file)).toMatchObject({ width, height });
      }
    });

    it('uses the first frame of an animation', async () => {
      const image = await images().decode(await pictures.animatedGif());
      expect(image).toMatchObject({ width, height });
      expectColour(image, 0.5, 0.5, [255, 0, 0]);
    });

    it('flattens alpha on white, or keeps it', async () => {
      const bytes = await pictures.alphaPng();
      const onWhite = await images().decode(bytes);
      expect(onWhite.channels).toBe(3);
      expectColour(onWhite, 0.2, 0.5, [255, 255, 255], 0);
      expectColour(onWhite, 0.8, 0.5, [255, 0, 0], 0);
      const kept = await images().decode(bytes, { alpha: true });
      expect(kept.channels).toBe(4);
      expect(pixel(kept, 0.2, 0.5)[3]).toBe(0);
      expect(pixel(kept, 0.8, 0.5)).toEqual([255, 0, 0, 255]);
      expect((await images().decode(await pictures.jpeg(), { alpha: true })).channels).toBe(4);
    });

    it('makes a picture smaller, never larger', async () => {
      const bytes = await pictures.jpeg(960, 640);
      expect(await images().decode(bytes, { maxSide: 100 })).toMatchObject({ width: 100, height: 67 });
      expect(await images().decode(bytes, { maxSide: 5000 })).toMatchObject({ width: 960, height: 640 });
    });
  });

  describe('bad files', () => {
    const refused = async (bytes: Uint8Array, message: RegExp) => {
      const error = await images()
        .decode(bytes)
        .then(
          ({ width: w, height: h }) => `decoded ${w} x ${h}`,
          (e) => e,
        );
      expect(error).toMatchObject({ code: 'INVALID_MEDIA', message: expect.stringMatching(message), hint: expect.stringMatching(/./) });
    };

    it('says that a truncated JPEG is cut off', async () => {
      await refused(await pictures.truncatedJpeg(), /cut off/);
      await expect(images().decode(await pictures.truncatedJpeg(), { maxSide: 40 })).rejects.toMatchObject({ code: 'INVALID_MEDIA' });
      await refused((await pictures.jpeg()).subarray(0, 40), /cut off/);
    });

    it.each(['png', 'webp', 'avif', 'tiff', 'gif'] as const)('says that a truncated %s is cut off', async (format) => {
      await refused(pictures.cut(await pictures.noise().toFormat(format).toBuffer()), /cut off/);
    });

    it('says that a picture with broken data is damaged', async () => {
      const bytes = await pictures.quarters(640, 480).png({ compressionLevel: 0 }).toBuffer();
      bytes.fill(0xa5, 200, 400);
      await refused(bytes, /damaged/);
    });

    it.each([
      ['an empty file', Buffer.alloc(0), /empty/],
      ['text under a picture name', pictures.textFile(), /text file/],
      ['HEIC', pictures.heicHeader(), /HEIC/],
      ['HEIC that only says mif1', pictures.isoHeader('mif1', 'miaf'), /HEIC/],
      ['MP4', pictures.isoHeader('isom', 'mp42'), /video/],
      ['QuickTime', pictures.isoHeader('qt  '), /video/],
      ['Canon raw', pictures.isoHeader('crx ', 'isom'), /camera raw/],
      ['Nikon or Sony raw', pictures.cameraRawHeader(), /camera raw/],
      ['PDF', Buffer.from('%PDF-1.7\n'), /PDF/],
      ['Photoshop', Buffer.from('8BPS\0\x01'), /Photoshop/],
      ['HTML', Buffer.from('<!doctype html><html><body><svg></svg></body></html>'), /web page/],
      ['zip', Buffer.from('PK\x03\x04\0\0'), /ZIP/],
      ['noise', Buffer.from([1, 2, 3, 250, 251, 0, 7]), /no known kind/],
    ])('names what %s is and what to do', async (_, bytes, message) => {
      await refused(bytes, message);
      await expect(images().probe(bytes)).rejects.toMatchObject({ code: 'INVALID_MEDIA', message: expect.stringMatching(message) });
    });

    it('never repeats text of the library or of the file', async () => {
      for (const bytes of [await pictures.truncatedJpeg(), pictures.svg('<rect oops<<'), pictures.hugePng(100)]) {
        const error = await images()
          .decode(bytes)
          .catch((e) => e);
        expect(`${error.message} ${error.hint}`).not.toMatch(/vips|libpng|glib|oops|premature|buffer/i);
      }
    });
  });

  describe('SVG drawings', () => {
    it('rasterises a drawing with its longer side at 1024 pixels at least', async () => {
      const drawing = pictures.svg('<rect width="48" height="64" fill="#ff0000"/><use href="#none"/>');
      expect(await images().probe(drawing)).toMatchObject({ width: 1056, height: 704, mediaType: 'image/svg+xml' });
      const image = await images().decode(drawing);
      expect(image).toMatchObject({ width: 1056, height: 704, channels: 3 });
      expectColour(image, 0.25, 0.5, [255, 0, 0], 0);
      expectColour(image, 0.75, 0.5, [255, 255, 255], 0);
      expect(await images().decode(drawing, { maxSide: 60 })).toMatchObject({ width: 60, height: 40 });
    });

    it('reads gradients, links and a plain DOCTYPE, which refer to nothing outside', async () => {
      const [declaration, root] = pictures
        .svg(
          '<linearGradient id="g"><stop stop-color="#0000ff"/></linearGradient><a href="https://example.com/"><rect width="96" height="64" fill="url(#g)"/></a>',
        )
        .toString()
        .split('\n');
      const doctype = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">';
      expectColour(await images().decode(Buffer.from(`${declaration}\n${doctype}\n${root}`)), 0.5, 0.5, [0, 0, 255], 0);
    });

    it.each(Object.entries(pictures.referringSvgs()))('refuses %s', async (_, drawing) => {
      const error = { code: 'INVALID_MEDIA', message: expect.stringMatching(/not allowed|encoding/) };
      await expect(images().probe(drawing)).rejects.toMatchObject(error);
      await expect(images().decode(drawing)).rejects.toMatchObject(error);
    });

    it('refuses a drawing that claims a huge size', async () => {
      await expect(images().decode(pictures.svg('<rect/>', 'width="900000" height="900000"'))).rejects.toMatchObject({ code: 'INVALID_MEDIA' });
    });
  });

  describe('encode', () => {
    it.each(['jpeg', 'png', 'webp'] as const)('writes %s that reads back', async (format) => {
      const image = stripes(90, 30);
      const file = await images().encode(image, { format, quality: 95 });
      expect(file.mediaType).toBe(`image/${format}`);
      const back = await images().decode(file.bytes);
      expectColour(back, 0.15, 0.5, [255, 0, 0], 20);
      expectColour(back, 0.85, 0.5, [0, 0, 255], 20);
      if (format === 'png') expect(back.data).toEqual(image.data);
    });

    it('takes grey and alpha pixels, and quality changes the size', async () => {
      const grey = await images().decode((await images().encode(flat(20, 10, [77]), { format: 'png' })).bytes);
      expectColour(grey, 0.5, 0.5, [77, 77, 77], 0);
      const clear = await images().decode((await images().encode(flat(20, 10, [9, 9, 9, 0]), { format: 'jpeg' })).bytes);
      expectColour(clear, 0.5, 0.5, [255, 255, 255], 2);
      const fine = await images().encode(stripes(200, 200), { format: 'jpeg', quality: 95 });
      const coarse = await images().encode(stripes(200, 200), { format: 'jpeg', quality: 30 });
      expect(coarse.bytes.length).toBeLessThan(fine.bytes.length);
    });

    it('refuses pixels whose size and data disagree', async () => {
      await expect(images().encode({ width: 9, height: 9, channels: 3, data: new Uint8Array(9) }, { format: 'png' })).rejects.toThrow();
    });
  });

  describe('resize', () => {
    it('covers around the middle without stretching', async () => {
      const image = await images().resize(stripes(300, 100), { width: 50, height: 50, fit: 'cover' });
      expect(image).toMatchObject({ width: 50, height: 50, channels: 3 });
      for (const x of [0.1, 0.5, 0.9]) expectColour(image, x, 0.5, [0, 255, 0]);
    });

    it('covers around the focus, stopped by the borders', async () => {
      const left = await images().resize(stripes(300, 100), { width: 50, height: 50, fit: 'cover', focus: { x: 0, y: 0, width: 0.1, height: 1 } });
      for (const x of [0.1, 0.5, 0.9]) expectColour(left, x, 0.5, [255, 0, 0]);
      const between = await images().resize(stripes(300, 100), { width: 50, height: 50, fit: 'cover', focus: { x: 0.6, y: 0.4, width: 2 / 15, height: 0.2 } });
      expectColour(between, 0.1, 0.5, [0, 255, 0]);
      expectColour(between, 0.9, 0.5, [0, 0, 255]);
    });

    it('contains with black beside the picture', async () => {
      const image = await images().resize(stripes(300, 100), { width: 300, height: 300, fit: 'contain' });
      expect(image).toMatchObject({ width: 300, height: 300 });
      expectColour(image, 0.5, 0.1, [0, 0, 0], 0);
      expectColour(image, 0.15, 0.5, [255, 0, 0]);
    });

    it('keeps the number of channels, and enlarges', async () => {
      for (const colour of [[200], [10, 20, 30], [10, 20, 30, 255]]) {
        const image = await images().resize(flat(10, 10, colour), { width: 33, height: 17, fit: 'cover' });
        expect(image).toMatchObject({ width: 33, height: 17, channels: colour.length });
        expectColour(image, 0.5, 0.5, colour, 1);
      }
    });

    it('stands extreme shapes', async () => {
      expect(await images().resize(flat(1, 400, [1, 2, 3]), { width: 400, height: 1, fit: 'cover' })).toMatchObject({ width: 400, height: 1 });
      expect(await images().resize(flat(400, 1, [1, 2, 3]), { width: 2, height: 90, fit: 'contain' })).toMatchObject({ width: 2, height: 90 });
    });
  });

  describe('contact sheet', () => {
    const cells = (count: number, label?: string) => Array.from({ length: count }, () => ({ image: stripes(160, 90), ...(label ? { label } : {}) }));

    it('lays cells out in rows of equal cells', async () => {
      const file = await images().contactSheet(cells(5), { columns: 3, cellWidth: 100 });
      expect(file.mediaType).toBe('image/jpeg');
      const sheet = await images().decode(file.bytes);
      expect(sheet.width).toBeGreaterThanOrEqual(300);
      expect(sheet.width).toBeLessThan(340);
      const rowHeight = sheet.height / 2;
      expect(rowHeight).toBeGreaterThan(55);
      expect(rowHeight).toBeLessThan(65);
      expectColour(sheet, 0.5, 0.25, [0, 255, 0], 40);
      expectColour(sheet, 0.85, 0.75, [27, 26, 25], 20);
    });

    it('burns labels in under the cells', async () => {
      const [plain, labelled, longer] = await Promise.all(
        [undefined, 'one', 'a label that is much too long for a cell of this width, <b>&amp;</b> and so on'].map(async (label) =>
          images().decode((await images().contactSheet(cells(2, label), { columns: 2, cellWidth: 160 })).bytes),
        ),
      );
      expect(labelled.height).toBeGreaterThan(plain.height);
      const lit = (image: RawImage) => {
        const rows = image.data.subarray((plain.height + 2) * image.width * 3);
        return rows.filter((value) => value > 150).length;
      };
      expect(lit(labelled)).toBeGreaterThan(20);
      expect(lit(longer)).toBeGreaterThan(lit(labelled) * 3);
      expect(longer.width).toBe(plain.width);
    });

    it('lowers quality, then size, to stay within the bytes', async () => {
      const noisy: RawImage = { width: 200, height: 200, channels: 3, data: Uint8Array.from({ length: 120_000 }, (_, i) => (i * 7919 * (i % 13)) % 256) };
      const many = Array.from({ length: 6 }, () => ({ image: noisy }));
      const free = await images().contactSheet(many, { columns: 3, cellWidth: 200 });
      expect(free.bytes.length).toBeGreaterThan(40_000);
      for (const maxBytes of [40_000, 8_000]) {
        const file = await images().contactSheet(many, { columns: 3, cellWidth: 200, maxBytes });
        expect(file.bytes.length).toBeLessThanOrEqual(maxBytes);
        expect(await images().probe(file.bytes)).toMatchObject({ mediaType: 'image/jpeg' });
      }
      await expect(images().contactSheet(many, { columns: 3, cellWidth: 200, maxBytes: 100 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });

    it('refuses to make a sheet of nothing', async () => {
      await expect(images().contactSheet([], { columns: 3, cellWidth: 100 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });
  });

  describe('animate', () => {
    const noise = (seed: number): RawImage => {
      let state = seed;
      const data = Uint8Array.from({ length: 160 * 90 * 3 }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state >>> 24;
      });
      return { width: 160, height: 90, channels: 3, data };
    };

    it('makes a WebP of all frames, in their order', async () => {
      const file = await images().animate([stripes(160, 90), flat(160, 90, [10, 20, 30])], { frameSeconds: 0.25, maxBytes: 100_000 });
      expect(file.mediaType).toBe('image/webp');
      expect(await images().probe(file.bytes)).toMatchObject({ width: 160, height: 90, pages: 2 });
    });

    it('gives up quality, then frames, to stay within its bytes, and says where that is not possible', async () => {
      const frames = Array.from({ length: 16 }, (_, index) => noise(index + 1));
      const whole = await images().animate(frames, { frameSeconds: 0.1, maxBytes: 10_000_000 });
      expect(await images().probe(whole.bytes)).toMatchObject({ pages: 16 });
      const small = await images().animate(frames, { frameSeconds: 0.1, maxBytes: Math.round(whole.bytes.length / 6) });
      expect(small.bytes.length).toBeLessThanOrEqual(whole.bytes.length / 6);
      expect((await images().probe(small.bytes)).pages).toBeLessThan(16);
      await expect(images().animate(frames, { frameSeconds: 0.1, maxBytes: 100 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      await expect(images().animate([], { frameSeconds: 0.1, maxBytes: 100 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      await expect(images().animate([frames[0], stripes(16, 9)], { frameSeconds: 0.1, maxBytes: 1e6 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });
  });

  describe('card', () => {
    const light = (image: RawImage) => image.data.filter((value) => value > 200).length / image.data.length;

    it('writes the text light on dark at the asked size', async () => {
      const card = await images().card('A kayak floats on turquoise water', { width: 640, height: 360, title: 'Shot 1' });
      expect(card).toMatchObject({ width: 640, height: 360, channels: 3 });
      expect(light(card)).toBeGreaterThan(0.01);
      expect(light(card)).toBeLessThan(0.3);
      const blank = await images().card('', { width: 640, height: 360 });
      expect(light(blank)).toBe(0);
    });

    it.each([
      ['markup', '<b>&amp; <span size="999999">'],
      ['other scripts and emoji', 'مرحبا 日本語 हिन्दी 👩‍👩‍👧‍👦 \u{10fffd} e\u0301\u0301\u0301'],
      ['control characters and broken surrogates', '\0\u0007\ud800\udfff\u202e\ufeff a\r\n\tb'],
      ['a very long text', 'gentle waves flow around the shell '.repeat(500)],
      ['a word without an end', 'x'.repeat(5000)],
      ['only joiners', '\u200d\u200d\u200d'],
      ['endless emoji', '👩‍👩‍👧‍👦'.repeat(900)],
    ])('draws %s without failing', async (_, text) => {
      for (const [w, h] of [
        [320, 180],
        [90, 160],
        [8, 8],
      ]) {
        expect(await images().card(text, { width: w, height: h, title: text })).toMatchObject({ width: w, height: h, channels: 3 });
      }
    });
  });
}
