import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCredentials } from '../../src/adapters/local/c2pa/credentials.ts';
import { claim, sha256 } from '../contracts/credentials.ts';
import { textFile } from '../fixtures/pictures.ts';
import { QUICK, writePictures } from '../library/studio.ts';
import { type Bin, connectStdio, type Desk, exitOf, openDesk, startBin } from './bin.ts';

let desk: Desk;
let folder: string;
beforeEach(async () => {
  desk = await openDesk();
  // Nothing but what the command line names may be read.
  Object.assign(desk.environment, QUICK, { VRAG_ALLOWED_DIRS: '' });
  folder = path.join(desk.folder, 'pictures');
  await mkdir(folder);
});
afterEach(() => desk.clear());

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const bin = startBin(args, desk);
  const code = await exitOf(bin, 60_000);
  return { code, out: bin.output(), err: bin.errors() };
}

/** Waits for a line of progress on stderr, which a pipe gets every few seconds, and at the first file. */
async function underWay(bin: Bin): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (/\d+\/\d+ /.test(bin.errors())) return;
    await sleep(20);
  }
  throw new Error(`No progress: ${bin.errors()}`);
}

describe('vrag-mcp ingest', { timeout: 60_000 }, () => {
  it('adds a folder, ends with a summary, and exits with 0', async () => {
    await writePictures(folder, 3);
    await writeFile(path.join(folder, 'notes.txt'), textFile());
    const { code, out, err } = await run('ingest', folder, '--collection', 'trip', '--tags', 'sea,Sun', '--licence', 'CC0', '--creator', 'A. Person');
    expect(code).toBe(0);
    expect(out).toBe('3 added, 0 already there, 0 failed, 1 no pictures or videos.\n');
    expect(err).toMatch(/job_[0-9a-z]{20}/);
    expect(err).toMatch(/4\/4 3 added/);
    expect((await run('ingest', folder, '--collection', 'trip')).out).toMatch(/^0 added, 3 already there/);
    const client = await connectStdio('v2 auto', desk);
    const { structuredContent } = await client.callTool({ name: 'search_images', arguments: { collection: 'trip', includeImages: false } });
    const { hits } = structuredContent as { hits: object[] };
    for (const hit of hits) expect(hit).toMatchObject({ tags: ['sea', 'sun'], licence: 'CC0', creator: 'A. Person' });
    expect(hits).toHaveLength(3);
    await client.close();
  });

  it('names each file that failed and why, and exits with 1; without colours or control characters', async () => {
    await writePictures(folder, 2);
    await writeFile(path.join(folder, 'bad\u001b[31m.jpg'), textFile());
    const { code, out, err } = await run('ingest', folder);
    expect(code).toBe(1);
    expect(out).toMatch(/^2 added, 0 already there, 1 failed/);
    expect(err).toMatch(/failed: .*bad.*\.jpg: .*text file/);
    expect(err).not.toContain('\u001b');
  });

  it('takes files and patterns, also below the working folder', async () => {
    const [first] = await writePictures(folder, 3, 'a');
    await writePictures(path.join(folder, 'deep', 'er'), 2, 'b');
    const { code, out } = await run('ingest', first, path.join(folder, '**', 'b-*.jpg'));
    expect({ code, out }).toEqual({ code: 0, out: '3 added, 0 already there, 0 failed, 0 no pictures or videos.\n' });
  });

  it('refuses what is wrong before it begins', async () => {
    expect(await run('ingest')).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/No PATH.*\n.*--help/) });
    expect(await run('ingest', path.join(folder, 'gone'))).toMatchObject({ code: 1, err: expect.stringContaining('gone') });
    expect(await run('ingest', folder, '--collection', '../x')).toMatchObject({ code: 1, err: expect.stringContaining('--collection') });
    expect(await run('ingest', folder, '--status', 'fine')).toMatchObject({ code: 1, err: expect.stringContaining('pending, approved, rejected') });
    expect(await run('ingest', folder, '--colour', 'red')).toMatchObject({ code: 1, err: expect.stringContaining('ingest --help') });
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('after %s the same command goes on with the same job', async (signal) => {
    await writePictures(folder, 150, 'many', 300);
    const first = startBin(['ingest', folder], desk);
    await underWay(first);
    first.kill(signal);
    await once(first, 'close');
    const job = /job_[0-9a-z]{20}/.exec(first.errors())?.[0];
    if (signal === 'SIGINT') {
      expect(first.exitCode).toBe(130);
      expect(first.errors()).toContain('The same command goes on');
    }
    const { code, out, err } = await run('ingest', folder);
    expect(code).toBe(0);
    expect(err).toContain(`Going on with job ${job}.`);
    const [, added, there] = /^(\d+) added, (\d+) already there, 0 failed/.exec(out) ?? [];
    expect(Number(added) + Number(there)).toBe(150);
    expect((await run('verify')).out).toMatch(/^150 assets, \d+ objects: all whole; 0 orphans\.\n$/);
  });
});

describe('vrag-mcp reindex', { timeout: 60_000 }, () => {
  it('embeds a collection anew, and says what is wrong with its arguments', async () => {
    await writePictures(folder, 2);
    await run('ingest', folder);
    expect(await run('reindex', 'default', '--embedder', 'vision')).toMatchObject({ code: 0, out: 'Job succeeded.\n' });
    expect(await run('reindex', 'default', '--embedder', 'vision')).toMatchObject({ code: 1, err: expect.stringContaining('already') });
    expect(await run('reindex', 'nowhere', '--embedder', 'vision')).toMatchObject({ code: 1, err: expect.stringContaining('"default"') });
    expect(await run('reindex', 'default')).toMatchObject({ code: 1, err: expect.stringContaining('reindex --help') });
  });
});

describe('vrag-mcp verify', { timeout: 60_000 }, () => {
  const objects = async () => {
    const entries = await readdir(path.join(desk.home, 'objects'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  };

  it('finds damaged and missing files', async () => {
    await writePictures(folder, 3, 'large', 600);
    await run('ingest', folder);
    expect(await run('verify')).toMatchObject({ code: 0, out: '3 assets, 6 objects: all whole; 0 orphans.\n' });
    const [one, two] = (await objects()).sort();
    await chmod(one, 0o644);
    await writeFile(one, 'other bytes');
    await rm(two);
    const { code, out } = await run('verify');
    expect(code).toBe(1);
    expect(out).toMatch(/not whole: 2\n/);
    expect(out).toMatch(/ damaged\n/);
    expect(out).toMatch(/ missing\n/);
    expect(out).toMatch(/2 problems; 0 orphans/);
  });

  it('lists objects that nothing names, and deletes them only on request and where they are old', async () => {
    await writePictures(folder, 2);
    await run('ingest', folder);
    const before = await objects();
    const [old, young] = ['a', 'b'].map((digit) => path.join(desk.home, 'objects', digit.repeat(2), `${digit.repeat(64)}.jpg`));
    for (const file of [old, young]) {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, 'left behind');
    }
    const yesterday = new Date(Date.now() - 24 * 3600 * 1000);
    await utimes(old, yesterday, yesterday);
    for (const file of before) await utimes(file, yesterday, yesterday);
    expect(await run('verify')).toMatchObject({ code: 0, out: expect.stringMatching(/name.*: 2\n(.*\n)*.*2 orphans/) });
    expect((await objects()).sort()).toEqual([...before, old, young].sort());
    expect((await run('verify', '--repair')).out).toContain('1 deleted');
    expect((await objects()).sort()).toEqual([...before, young].sort());
  });
});

describe('the commands', () => {
  it.each(['ingest', 'reindex', 'verify'])('%s explains itself', async (command) => {
    const { code, out } = await run(command, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`vrag-mcp ${command}`);
    expect(out).toContain('Exit code');
    expect((await run('--help')).out).toContain(`vrag-mcp ${command}`);
  });

  it('what is no command and no folder is an error', async () => {
    expect(await run('inggest')).toMatchObject({ code: 1, err: expect.stringContaining('neither a folder nor a command') });
  });
});

describe('vrag-mcp verify FILE', { timeout: 60_000 }, () => {
  it('prints who signed, what was done and of what, and says untrusted, tampered or none', async () => {
    const [reference] = await writePictures(folder, 1);
    expect((await run('ingest', folder, '--collection', 'trip')).code).toBe(0);
    const credentials = createCredentials({ homeDir: desk.home, credentials: { sign: true } });
    const signed = path.join(desk.folder, 'signed.png');
    try {
      const bytes = await readFile(reference);
      const known = { path: reference, mediaType: 'image/jpeg', title: 'a known one', sha256: sha256(bytes) };
      const made = { ...claim, components: [known, { ...known, title: 'bad\u001b[31m\u202ename', sha256: '00'.repeat(32) }] };
      expect((await credentials.sign({ path: desk.picture, output: signed }, made)).state).toBe('signed');
    } finally {
      credentials.close();
    }
    const { code, out } = await run('verify', signed);
    expect(code).toBe(0);
    expect(out).toMatch(/UNTRUSTED: unchanged/);
    expect(out).toMatch(/signed by: vrag-mcp self-signed \w+ \(self-signed\) \(the identity of this data folder\)/);
    expect(out).toMatch(/action: c2pa\.created, source type algorithmicallyEnhanced, by test agent 1\.2, Made for a test\./);
    expect(out).toMatch(/componentOf: "a known one", sha256 [0-9a-f]{64}, in this library: img_/);
    expect(out).toMatch(/componentOf: "bad name", sha256 0{64}, not in this library/);
    const changed = await readFile(signed);
    changed[changed.length - 40] ^= 1;
    await writeFile(signed, changed);
    expect(await run('verify', signed)).toMatchObject({ code: 1, out: expect.stringContaining('TAMPERED') });
    expect(await run('verify', desk.picture)).toMatchObject({ code: 2, out: expect.stringContaining('NONE') });
    expect(await run('verify', path.join(desk.folder, 'nowhere.png'))).toMatchObject({ code: 2, err: expect.stringContaining('not there') });
  });
});
