import { webcrypto } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as x509 from '@peculiar/x509';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readContainer } from '../../src/adapters/local/c2pa/container.ts';
import { createCredentials } from '../../src/adapters/local/c2pa/credentials.ts';
import { verifyBytes } from '../../src/adapters/local/c2pa/verify.ts';
import { openMedia } from '../../src/adapters/local/media/media.ts';
import type { Verification } from '../../src/ports.ts';
import { claim, credentialsContract, type SignedSamples } from '../contracts/credentials.ts';
import { numberedFrames } from '../fixtures/clips.ts';
import { jpeg, png } from '../fixtures/pictures.ts';

let folder: string;
let samples: SignedSamples;
const opened: { close(): void }[] = [];

function open(options: { home?: string; maxBytes?: number; config?: Partial<Parameters<typeof createCredentials>[0]['credentials']> } = {}) {
  const config = { homeDir: options.home ?? path.join(folder, 'home'), credentials: { sign: true, ...options.config } };
  const credentials = createCredentials(config, options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes });
  opened.push(credentials);
  return credentials;
}

const write = async (name: string, bytes: Uint8Array | string) => {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return file;
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vrag-credentials-'));
  const media = openMedia({ maxPixels: 1e7 });
  opened.push(media);
  const clip = path.join(folder, 'clip.mp4');
  await media.encode(numberedFrames(6, 64, 48), { path: clip, width: 64, height: 48, fps: 24 });
  samples = { mp4: await readFile(clip), png: await png(), jpeg: await jpeg() };
}, 60_000);
afterAll(async () => {
  for (const each of opened) each.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('content credentials', { timeout: 60_000 }, () => {
  credentialsContract(
    async () => open(),
    async () => samples,
  );
});

/** Offsets from a fixed seed, spread over the file. */
function offsets(length: number, count: number): number[] {
  let seed = 20261121;
  return Array.from({ length: count }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * length);
  });
}

/** The state of the file with one byte changed; what cannot be read as a file of its kind any more has none. */
async function flipped(bytes: Uint8Array, offset: number, mask: number): Promise<Verification['state']> {
  const changed = Uint8Array.from(bytes);
  changed[offset] ^= mask;
  return verifyBytes(changed, {}).then(
    ({ state }) => state,
    (error) => {
      if (error.code === 'UNSUPPORTED') return 'none';
      throw error;
    },
  );
}

describe('one byte changed', { timeout: 180_000 }, () => {
  /**
   * All that may change unnoticed. Of a JPEG the instance number of the APP11 segments, by which ISO/IEC 19566-5 (annex D) tells several
   * stores in one file apart: two bytes, which are in no hash because they are part of the segment that holds the hash.
   */
  const uncovered = { mp4: [], png: [], jpeg: [{ box: 'APP11', offset: 8, byteLength: 2, reason: 'instance number of the C2PA segment: may be any number' }] };

  it.each(['mp4', 'png', 'jpeg'] as const)(
    'is noticed at each of 200 offsets over a whole %s, and over the structure of its manifest store',
    async (format) => {
      const { bytes, signed } = await open().signBytes(samples[format], claim);
      expect(signed.state).toBe('signed');
      const found = await verifyBytes(bytes, {});
      expect(found).toMatchObject({ state: 'valid', uncovered: uncovered[format] });
      const allowed = new Set(found.uncovered.flatMap(({ offset, byteLength }) => Array.from({ length: byteLength }, (_, index) => offset + index)));
      const text = Buffer.from(bytes).toString('latin1');
      const labels = ['c2pa\0', 'c2pa.assertions\0', 'c2pa.claim.v2\0', 'c2pa.signature\0'].map((label) => text.indexOf(label));
      expect(Math.min(...labels)).toBeGreaterThan(0);
      // Labels and lengths of the outer boxes, and the beginning of the file with what frames the store.
      const structure = [...labels.flatMap((at) => [at - 34, at - 25, at - 5, at, at + 3, at + 6]), ...Array.from({ length: 80 }, (_, index) => index)].filter(
        (offset) => offset >= 0,
      );
      const unnoticed: number[] = [];
      for (const [index, offset] of [...offsets(bytes.length, 200), ...structure].entries()) {
        if (allowed.has(offset)) continue;
        const state = await flipped(bytes, offset, 1 << (index % 8));
        if (state === 'valid' || state === 'trusted') unnoticed.push(offset);
      }
      expect(unnoticed).toEqual([]);
      for (const offset of allowed) expect(await flipped(bytes, offset, 4)).toBe('valid');
    },
  );

  it('is noticed in the credentials of an ingredient', async () => {
    const { bytes: first } = await open().signBytes(samples.jpeg, { ...claim, title: 'first' });
    const component = { path: await write('first.jpg', first), mediaType: 'image/jpeg', title: 'first', sha256: '00'.repeat(32) };
    const { bytes } = await open().signBytes(samples.png, { ...claim, components: [component] });
    const found = await verifyBytes(bytes, {});
    expect([found.state, found.chain.length, found.uncovered]).toEqual(['valid', 2, []]);
    const unnoticed: number[] = [];
    for (const [index, offset] of offsets(bytes.length, 100).entries()) {
      if (['valid', 'trusted'].includes(await flipped(bytes, offset, 1 << (index % 8)))) unnoticed.push(offset);
    }
    expect(unnoticed).toEqual([]);
  });

  it('is noticed once, in the file it happened to: a film of a picture that was tampered with is itself whole', async () => {
    const { bytes: first } = await open().signBytes(samples.jpeg, claim);
    first[first.length - 30] ^= 1;
    const component = { path: await write('tampered.jpg', first), mediaType: 'image/jpeg', title: 'tampered', sha256: '00'.repeat(32) };
    const { bytes, signed } = await open().signBytes(samples.png, { ...claim, components: [component] });
    expect(signed.state).toBe('signed');
    expect((await verifyBytes(bytes, {})).state).toBe('valid');
  });

  it('is noticed where a box that the format leaves out is added to an MP4', async () => {
    const { bytes } = await open().signBytes(samples.mp4, claim);
    expect(readContainer(bytes, 'video/mp4').parts.map(({ name }) => name)).toEqual(['ftyp', 'uuid', 'moov', 'wide', 'mdat', 'uuid']);
    const box = (name: string) => Buffer.concat([Buffer.from([0, 0, 0, 16]), Buffer.from(name), Buffer.alloc(8, 1)]);
    for (const name of ['free', 'skip', 'mfra', 'udta']) {
      expect((await verifyBytes(new Uint8Array(Buffer.concat([bytes, box(name)])), {})).state, name).toBe('tampered');
    }
  });
});

describe('what is in the file beside the signature', { timeout: 60_000 }, () => {
  const type = 'http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced';

  it('the same pixels, and the claim as XMP', async () => {
    for (const format of ['png', 'jpeg'] as const) {
      const { bytes } = await open().signBytes(samples[format], claim);
      expect(await sharp(bytes).raw().toBuffer()).toEqual(await sharp(samples[format]).raw().toBuffer());
      const { xmp } = await sharp(bytes).metadata();
      expect(xmp?.toString()).toContain(`<Iptc4xmpExt:DigitalSourceType>${type}<`);
      expect(xmp?.toString()).toContain('Red shoes &#38; a &#60;dog&#62;');
    }
  });

  it('the same frames in an MP4, and the claim in an XMP box', async () => {
    const file = await write('signed.mp4', (await open().signBytes(samples.mp4, claim)).bytes);
    const bytes = await readFile(file);
    const box = bytes.indexOf(Buffer.from('75756964be7acfcb97a942e89c71999491e3afac', 'hex'));
    expect(bytes.indexOf(type, box)).toBeGreaterThan(box);
    const media = openMedia({ maxPixels: 1e7 });
    opened.push(media);
    const info = await media.probe(file);
    expect(info).toMatchObject({ width: 64, height: 48, frames: 6 });
    expect(await media.frames(file, [0, 0.2], { maxSide: 64 })).toEqual(await media.frames(path.join(folder, 'clip.mp4'), [0, 0.2], { maxSide: 64 }));
  });

  it('neither a thumbnail nor a path of an ingredient', async () => {
    const secret = await write('ingredient-in-a-private-folder.png', samples.png);
    const component = { path: secret, mediaType: 'image/png', title: 'a reference', sha256: '00'.repeat(32) };
    const { bytes } = await open().signBytes(samples.jpeg, { ...claim, components: [component] });
    expect(Buffer.from(bytes).includes('thumbnail')).toBe(false);
    expect(Buffer.from(bytes).includes('private-folder')).toBe(false);
  });
});

describe('the identity', { timeout: 60_000 }, () => {
  it('is made once by two processes that sign at the same time, self-signed, its key for the user only', async () => {
    const home = path.join(folder, 'fresh');
    const both = await Promise.all([open({ home }), open({ home })].map((each) => each.signBytes(samples.png, claim)));
    const [first, second] = both.map(({ signed }) => signed);
    expect(first).toMatchObject({ state: 'signed', signer: { selfSigned: true, own: true } });
    expect(second).toEqual(first);
    expect(await readdir(home)).toEqual(['identity']);
    expect((await readdir(path.join(home, 'identity'))).sort()).toEqual(['chain.pem', 'key.pem']);
    if (process.platform !== 'win32') expect((await stat(path.join(home, 'identity', 'key.pem'))).mode & 0o777).toBe(0o600);
    const elsewhere = await open({ home: path.join(folder, 'other') }).verify(await write('theirs.png', both[0].bytes));
    expect(elsewhere).toMatchObject({ state: 'valid', problems: ['signingCredential.untrusted'], chain: [{ signer: { selfSigned: true, own: false } }] });
  });

  it.each([
    ['P-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }],
    ['RSA', { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }],
  ])("may be the user's own (%s): untrusted, unless its authority is configured", async (name, algorithm) => {
    const { certFile, keyFile, authorityFile } = await ownCertificate(name, algorithm);
    const home = path.join(folder, `home-${name}`);
    const { bytes, signed } = await open({ home, config: { certFile, keyFile } }).signBytes(samples.png, claim);
    expect(signed).toMatchObject({ state: 'signed', signer: { name: `Signer ${name}`, selfSigned: false, own: true } });
    const file = await write(`own-${name}.png`, bytes);
    expect(await open({ home }).verify(file)).toMatchObject({ state: 'valid', chain: [{ signer: { selfSigned: false } }] });
    expect(await open({ home, config: { trustedFile: authorityFile } }).verify(file)).toMatchObject({ state: 'trusted', problems: [] });
    const changed = Uint8Array.from(bytes);
    changed[changed.length - 30] ^= 1;
    expect((await open({ home, config: { trustedFile: authorityFile } }).verify(await write('changed.png', changed))).state).toBe('tampered');
  });

  it('leaves work unsigned and says why, where it is turned off, wrong, or cannot be written', async () => {
    const { certFile } = await ownCertificate('one', { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' });
    const { keyFile } = await ownCertificate('two', { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' });
    const notAFolder = path.join(await write('a-file', 'x'), 'home');
    const reasons = await Promise.all(
      [
        open({ config: { sign: false } }),
        open({ config: { certFile } }),
        open({ config: { certFile, keyFile } }),
        open({ config: { certFile: path.join(folder, 'none.pem'), keyFile } }),
        open({ home: notAFolder }),
        open({ maxBytes: 100 }),
      ].map(async (each) => {
        const { bytes, signed } = await each.signBytes(samples.png, claim);
        expect(bytes).toEqual(samples.png);
        return signed.state === 'unsigned' ? signed.reason : 'signed';
      }),
    );
    const expected = [/VRAG_CREDENTIALS=off/, /Only one of/, /does not belong/, /not there/, /could not be written|not there/, /larger than/];
    for (const [index, pattern] of expected.entries()) expect(reasons[index]).toMatch(pattern);
    await expect(open({ maxBytes: 100 }).verify(await write('large.png', samples.png))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});

/** A certificate authority and a certificate of it, as a user would configure them. */
async function ownCertificate(name: string, algorithm: object): Promise<{ certFile: string; keyFile: string; authorityFile: string }> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const root = (await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const leaf = (await webcrypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const dates = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000), signingAlgorithm };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...dates,
    serialNumber: '0101',
    name: `CN=Authority ${name}, O=Example`,
    keys: root,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...dates,
    serialNumber: '0102',
    subject: `CN=Signer ${name}, O=Example`,
    issuer: authority.subject,
    publicKey: leaf.publicKey,
    signingKey: root.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.emailProtection], true),
      await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', leaf.privateKey), 'PRIVATE KEY');
  return {
    certFile: await write(`${name}.cert.pem`, certificate.toString('pem')),
    keyFile: await write(`${name}.key.pem`, key),
    authorityFile: await write(`${name}.authority.pem`, authority.toString('pem')),
  };
}
