import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Claim, ClaimedIngredient, Credentials } from '../../src/ports.ts';

export interface SignedSamples {
  mp4: Buffer;
  png: Buffer;
  jpeg: Buffer;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const claim: Claim = {
  title: 'Red shoes & a <dog>',
  digitalSourceType: 'algorithmicallyEnhanced',
  agent: { name: 'test agent', version: '1.2' },
  description: 'Made for a test.',
  components: [],
};

/** Behaviour that every adapter of the port has; `samples` are whole files without credentials. */
export function credentialsContract(open: () => Promise<Credentials>, samples: () => Promise<SignedSamples>): void {
  let folder: string;
  let credentials: Credentials;
  let files: SignedSamples;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vrag-signed-'));
    [credentials, files] = [await open(), await samples()];
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  const write = async (name: string, bytes: Uint8Array) => {
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    return file;
  };
  const ingredient = async (name: string, bytes: Uint8Array, mediaType: string): Promise<ClaimedIngredient> => ({
    path: await write(name, bytes),
    mediaType,
    title: name,
    sha256: sha256(bytes),
  });

  it.each(['mp4', 'png', 'jpeg'] as const)('signs %s with its ingredients, and reads the claim back', async (format) => {
    const component = await ingredient(`ingredient.${format}`, files.png, 'image/png');
    const output = path.join(folder, `signed.${format}`);
    const signed = await credentials.sign({ path: await write(`plain.${format}`, files[format]), output }, { ...claim, components: [component] });
    expect(signed).toMatchObject({ state: 'signed', signer: { own: true } });
    const found = await credentials.verify(output);
    expect(['valid', 'trusted']).toContain(found.state);
    expect(found.chain).toHaveLength(1);
    expect(found.chain[0]).toMatchObject({
      title: claim.title,
      actions: [
        { action: 'c2pa.created', digitalSourceType: 'algorithmicallyEnhanced', agent: 'test agent 1.2', description: claim.description },
        { action: 'c2pa.placed' },
      ],
      ingredients: [{ title: component.title, relationship: 'componentOf', sha256: component.sha256 }],
    });
    expect(sha256(await readFile(path.join(folder, `plain.${format}`)))).toBe(sha256(files[format]));
  });

  it('may write over the file, and calls an edited file an edit of its parent', async () => {
    const parent = await ingredient('parent.png', files.png, 'image/png');
    const file = await write('edited.png', files.png);
    expect(await credentials.sign({ path: file, output: file }, { ...claim, parent })).toMatchObject({ state: 'signed' });
    const [manifest] = (await credentials.verify(file)).chain;
    expect(manifest.actions.map(({ action }) => action)).toEqual(['c2pa.opened', 'c2pa.edited']);
    expect(manifest.ingredients).toEqual([{ title: 'parent.png', relationship: 'parentOf', sha256: parent.sha256 }]);
  });

  it('names the inputs of a model', async () => {
    const input = await ingredient('input.jpg', files.jpeg, 'image/jpeg');
    const { bytes, signed } = await credentials.signBytes(files.png, { ...claim, digitalSourceType: 'trainedAlgorithmicMedia', inputs: [input] });
    expect(signed.state).toBe('signed');
    const { state, chain } = await credentials.verify(await write('generated.png', bytes));
    expect(state).not.toBe('tampered');
    expect(chain[0].ingredients).toMatchObject([{ relationship: 'inputTo', sha256: input.sha256 }]);
    expect(chain[0].actions).toMatchObject([{ action: 'c2pa.created', digitalSourceType: 'trainedAlgorithmicMedia' }]);
  });

  it('keeps the credentials of an ingredient', async () => {
    const first = await credentials.signBytes(files.jpeg, { ...claim, title: 'first', digitalSourceType: 'trainedAlgorithmicMedia' });
    const component = await ingredient('first.jpg', first.bytes, 'image/jpeg');
    const second = await credentials.signBytes(files.png, { ...claim, title: 'second', components: [component] });
    const { state, chain } = await credentials.verify(await write('second.png', second.bytes));
    expect(state).not.toBe('tampered');
    expect(chain.map(({ title }) => title)).toEqual(['second', 'first']);
    expect(chain[0].ingredients[0]).toMatchObject({ sha256: sha256(first.bytes), manifest: 1 });
    expect(chain[1].actions[0].digitalSourceType).toBe('trainedAlgorithmicMedia');
  });

  it('finds none in a file without credentials, and notices a changed one', async () => {
    expect(await credentials.verify(await write('bare.png', files.png))).toEqual({ state: 'none', problems: [], chain: [], uncovered: [] });
    const { bytes } = await credentials.signBytes(files.png, claim);
    const changed = Uint8Array.from(bytes);
    changed[changed.length - 30] ^= 1;
    expect((await credentials.verify(await write('changed.png', changed))).state).toBe('tampered');
  });

  it('says what cannot be verified, and never throws for what cannot be signed', async () => {
    await expect(credentials.verify(path.join(folder, 'nowhere.png'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(credentials.verify(folder)).rejects.toMatchObject({ code: 'INVALID_MEDIA' });
    const text = await write('text.txt', Buffer.from('no picture at all'));
    await expect(credentials.verify(text)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(await credentials.sign({ path: text, output: path.join(folder, 'text.signed') }, claim)).toMatchObject({
      state: 'unsigned',
      reason: expect.stringContaining('MP4'),
    });
    const signal = AbortSignal.abort();
    await expect(credentials.sign({ path: text, output: text }, claim, { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('survives files that are cut off or full of noise', async () => {
    for (const format of ['mp4', 'png', 'jpeg'] as const) {
      const { bytes } = await credentials.signBytes(files[format], claim);
      for (const share of [0.1, 0.3, 0.9]) {
        const cut = await write('cut', bytes.subarray(0, Math.floor(bytes.length * share)));
        const { state } = await credentials.verify(cut).catch((error) => ({ state: error.code }));
        expect(state, `${format} cut at ${share}`).toMatch(/tampered|none|INVALID_MEDIA/);
      }
      let seed = 7;
      const noisy = Uint8Array.from(bytes, (byte, index) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return index > 40 && seed % 7 === 0 ? seed >>> 24 : byte;
      });
      const { state } = await credentials.verify(await write('noisy', noisy)).catch((error) => ({ state: error.code }));
      expect(state, `${format} with noise`).toMatch(/tampered|none|INVALID_MEDIA|UNSUPPORTED/);
    }
  });
}
