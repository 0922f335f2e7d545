import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileLog } from '../../src/library/file-log.ts';
import { openFileLog } from '../../src/library/file-log.ts';
import type { Studio } from '../../src/studio.ts';
import { textFile, truncatedJpeg } from '../fixtures/pictures.ts';
import { assetsOf, openPlace, type Place, QUICK, waitFor, writePictures } from './studio.ts';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.clear());

const request = (more: object = {}) => ({ path: place.pictures, collection: 'base', description: {}, ...more });
/** The same studio on a slow disk, so that a test can act while a job runs. */
function slowly(studio: Studio): Studio {
  const { load } = studio.ports.files;
  studio.ports.files.load = (...file) => sleep(150).then(() => load(...file));
  return studio;
}

const outcomesOf = async (log: FileLog) => {
  const all = [];
  for await (const outcome of log.outcomes()) all.push(outcome);
  return all;
};

describe('a folder', () => {
  it('goes in with all below it; bad files are listed with their reason, others are passed over', async () => {
    await writePictures(place.pictures, 3);
    await writePictures(path.join(place.pictures, 'below', 'deeper'), 2, 'deep');
    await writeFile(path.join(place.pictures, 'cut.jpg'), await truncatedJpeg());
    await writeFile(path.join(place.pictures, 'text.png'), textFile());
    await writeFile(path.join(place.pictures, 'notes.txt'), textFile());
    await writeFile(path.join(place.pictures, 'README'), textFile());
    await writeFile(path.join(place.pictures, 'empty.jpg'), '');
    const studio = await place.open();
    const { jobId, existing } = await studio.assets.ingestFolder(studio.ports, request({ description: { tags: ['trip'], licence: 'CC0' } }));
    expect(existing).toBe(false);
    expect(jobId).toMatch(/^job_[0-9a-z]{20}$/);
    const view = await waitFor(studio, jobId);
    expect(view).toMatchObject({ state: 'succeeded', progress: 1, counts: { total: 10, done: 10, added: 5, alreadyThere: 0, failed: 3, skipped: 2 } });
    expect(view.job.ended?.message).toContain('3 of 8 files');
    const failures = Object.fromEntries(view.failures.map(({ file, code }) => [path.basename(file), code]));
    expect(failures).toEqual({ 'cut.jpg': 'INVALID_MEDIA', 'text.png': 'INVALID_MEDIA', 'empty.jpg': 'INVALID_INPUT' });
    for (const { reason } of view.failures) expect(reason.length).toBeGreaterThan(10);
    const assets = await assetsOf(studio, 'base');
    expect(assets).toHaveLength(5);
    for (const asset of assets) expect(asset).toMatchObject({ tags: ['trip'], licence: 'CC0' });
  });

  it('again is another job, in which everything is there already', async () => {
    const [first] = await writePictures(place.pictures, 3);
    await copyFile(first, path.join(place.pictures, 'same-bytes.jpg'));
    const studio = await place.open();
    const before = await studio.assets.ingestFolder(studio.ports, request());
    expect((await waitFor(studio, before.jobId)).counts).toMatchObject({ added: 3, alreadyThere: 1 });
    const again = await studio.assets.ingestFolder(studio.ports, request());
    expect(again).toMatchObject({ existing: false });
    expect(again.jobId).not.toBe(before.jobId);
    expect((await waitFor(studio, again.jobId)).counts).toMatchObject({ total: 4, added: 0, alreadyThere: 4 });
    expect(await assetsOf(studio, 'base')).toHaveLength(3);
  });

  it('may be a pattern, a file with any name, or several of them', async () => {
    const [first] = await writePictures(place.pictures, 2, 'a');
    await writePictures(path.join(place.pictures, 'sub'), 2, 'b');
    await copyFile(first, path.join(place.pictures, 'no-extension'));
    await writeFile(path.join(place.pictures, 'named.txt'), textFile());
    const studio = await place.open();
    const paths = ['**/b-*.jpg', 'no-extension', 'named.txt'].map((name) => path.join(place.pictures, name));
    const { jobId } = await studio.assets.ingestFolder(studio.ports, request({ path: paths }));
    const view = await waitFor(studio, jobId);
    // A file that was named is a failure where it is no picture.
    expect(view.counts).toMatchObject({ total: 4, added: 3, failed: 1, skipped: 0 });
    expect(view.failures[0].file).toContain('named.txt');
  });

  it('without pictures ends at once and says so; one that is not there is an error and no job', async () => {
    await writeFile(path.join(place.pictures, 'notes.txt'), textFile());
    const studio = await place.open();
    const { jobId } = await studio.assets.ingestFolder(studio.ports, request());
    expect((await waitFor(studio, jobId)).job.ended).toMatchObject({ state: 'succeeded', message: 'There are no pictures or videos.' });
    await expect(studio.assets.ingestFolder(studio.ports, request({ path: path.join(place.root, 'elsewhere') }))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(studio.assets.ingestFolder(studio.ports, request({ path: path.join(place.pictures, 'gone') }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await studio.assets.listLibraryJobs(studio.ports, { limit: 10 })).views).toHaveLength(1);
  });

  it('of which a file vanishes meanwhile goes in without it', async () => {
    await writePictures(place.pictures, 12);
    const [late] = await writePictures(path.join(place.pictures, 'z'), 1, 'late');
    const studio = await place.open({ background: false });
    const { jobId } = await studio.assets.ingestFolder(studio.ports, request());
    const { walk } = studio.ports.files;
    // The walk is over, and no file has been read, when the last name is given out.
    studio.ports.files.walk = async function* (folder) {
      yield* walk(folder);
      await rm(late);
    };
    await studio.libraryRunner.see(jobId, new AbortController().signal);
    const view = await waitFor(studio, jobId);
    expect(view.counts).toMatchObject({ total: 13, added: 12, failed: 1 });
    expect(view.failures).toMatchObject([{ code: 'NOT_FOUND', file: late }]);
  });
});

describe('while a job is open', () => {
  it('the same request finds it, another description or collection does not', async () => {
    await writePictures(place.pictures, 1);
    const { assets, ports } = await place.open({ background: false });
    const [a, b] = await Promise.all([assets.ingestFolder(ports, request()), assets.ingestFolder(ports, request({ path: `${place.pictures}/` }))]);
    expect(a.jobId).toBe(b.jobId);
    expect([a.existing, b.existing].sort()).toEqual([false, true]);
    const others = [request({ collection: 'other' }), request({ description: { tags: ['x'] } })];
    const ids = await Promise.all(others.map((other) => assets.ingestFolder(ports, other).then(({ jobId }) => jobId)));
    expect(new Set([a.jobId, ...ids]).size).toBe(3);
  });

  it('it can be stopped; what was added stays, and the next job adds the rest', async () => {
    await writePictures(place.pictures, 60);
    const studio = slowly(await place.open());
    const { jobId } = await studio.assets.ingestFolder(studio.ports, request());
    await waitFor(studio, jobId, ({ counts }) => counts.done > 0);
    await studio.assets.cancelLibraryJob(studio.ports, jobId);
    const stopped = await waitFor(studio, jobId);
    expect(stopped.state).toBe('cancelled');
    expect(stopped.counts.done).toBeLessThan(60);
    expect(await assetsOf(studio, 'base')).toHaveLength(stopped.counts.added);
    expect((await studio.assets.cancelLibraryJob(studio.ports, jobId))?.state).toBe('cancelled');
    const next = await studio.assets.ingestFolder(studio.ports, request());
    const rest = await waitFor(studio, next.jobId);
    expect(rest.counts).toMatchObject({ alreadyThere: stopped.counts.added, added: 60 - stopped.counts.added });
  });

  it('a job that no server works on is stopped by the next one that looks', async () => {
    await writePictures(place.pictures, 2);
    const asked = await place.open({ background: false });
    const { jobId } = await asked.assets.ingestFolder(asked.ports, request());
    expect((await asked.assets.cancelLibraryJob(asked.ports, jobId))?.state).toBe('queued');
    const studio = await place.open({ allow: [] });
    expect((await waitFor(studio, jobId)).state).toBe('cancelled');
    expect(await assetsOf(studio, 'base')).toEqual([]);
    expect(await studio.assets.cancelLibraryJob(studio.ports, 'job_unknown')).toBeUndefined();
  });

  it('a server that may not read the folder leaves it to one that may', async () => {
    await writePictures(place.pictures, 3);
    const asked = await place.open({ background: false });
    const { jobId } = await asked.assets.ingestFolder(asked.ports, request());
    const stranger = await place.open({ allow: [] });
    const waiting = await waitFor(stranger, jobId, ({ job }) => job.waiting !== undefined);
    expect(waiting.job).toMatchObject({ waiting: expect.stringContaining('may be read') });
    expect(waiting.job.ended).toBeUndefined();
    await place.open();
    expect(await waitFor(asked, jobId)).toMatchObject({ state: 'succeeded', counts: { added: 3 } });
  });
});

describe('several servers and jobs', () => {
  it('share one data folder: each file is looked at once, each job held by one', async () => {
    const folders = ['a', 'b', 'c'].map((name) => path.join(place.pictures, name));
    for (const folder of folders) await writePictures(folder, 15, path.basename(folder));
    const [one, two] = await Promise.all([place.open(), place.open()]);
    const jobs = await Promise.all(folders.map((folder, index) => (index % 2 ? one : two).assets.ingestFolder(one.ports, request({ path: folder }))));
    for (const { jobId } of jobs) {
      expect(await waitFor(two, jobId)).toMatchObject({ state: 'succeeded', counts: { total: 15, added: 15 } });
      const outcomes = await outcomesOf(await openFileLog(one.ports, jobId));
      expect(new Set(outcomes.map(({ file }) => file)).size).toBe(15);
      expect(outcomes).toHaveLength(15);
    }
    expect(await assetsOf(one, 'base')).toHaveLength(45);
  });

  it('a job whose server is killed is taken over within seconds, without loss or doubles', { timeout: 60_000 }, async () => {
    const files = await writePictures(place.pictures, 120);
    const studio = await place.open({ background: false });
    const { jobId } = await studio.assets.ingestFolder(studio.ports, request());
    const script = `
      const { lazyStudio } = await import(${JSON.stringify(path.resolve('dist/studio.js'))});
      const { loadConfig } = await import(${JSON.stringify(path.resolve('dist/config.js'))});
      const { ports } = await lazyStudio(loadConfig(process.env, [${JSON.stringify(place.pictures)}]), { localPaths: true }).open();
      const { read } = ports.files;
      ports.files.read = (file) => new Promise((resolve) => setTimeout(resolve, 150)).then(() => read(file));
      setInterval(() => undefined, 1000);`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, ...QUICK, VRAG_HOME: place.home },
      stdio: 'ignore',
    });
    await waitFor(studio, jobId, ({ counts }) => counts.done >= 5);
    server.kill('SIGKILL');
    await once(server, 'exit');
    const killedAt = Date.now();
    const before = await waitFor(studio, jobId, () => true);
    expect(before.counts.done).toBeLessThan(120);
    studio.libraryRunner.start();
    await waitFor(studio, jobId, ({ counts }) => counts.done > before.counts.done);
    expect(Date.now() - killedAt).toBeLessThan(15_000);
    const after = await waitFor(studio, jobId);
    expect(after).toMatchObject({ state: 'succeeded', counts: { total: 120, done: 120, failed: 0 } });
    const outcomes = await outcomesOf(await openFileLog(studio.ports, jobId));
    expect(outcomes.map(({ file }) => file).sort()).toEqual(files.sort());
    const assets = await assetsOf(studio, 'base');
    expect(assets).toHaveLength(120);
    expect(new Set(assets.map(({ sha256 }) => sha256)).size).toBe(120);
  });
});

describe('the file log', () => {
  it('keeps every outcome and the counts with it, however many come at once', async () => {
    const { ports } = await place.open({ background: false });
    const log = await openFileLog(ports, 'job_log');
    log.begin(1300);
    for (let index = 0; index < 1300; index++) log.add({ file: `f${index}`, outcome: 'added' });
    await log.flush();
    const read = await openFileLog(ports, 'job_log');
    expect(read.counts).toEqual({ total: 1300, done: 1300, added: 1300, alreadyThere: 0, failed: 0, skipped: 0 });
    expect((await outcomesOf(read)).map(({ file }) => file)).toEqual(Array.from({ length: 1300 }, (_, index) => `f${index}`));
    const { records } = await ports.records.list('files/job_log', { limit: 100 });
    const counted = records.map(({ body }) => (body as { counts: { done: number } }).counts.done);
    expect(counted).toEqual([1300, 1000, 500, 0]);
  });

  it('finds the latest failures among many successes', async () => {
    const { assets, ports } = await place.open({ background: false });
    const log = await openFileLog(ports, 'job_log');
    for (let index = 0; index < 30; index++) {
      log.add({ file: `good${index}`, outcome: 'added' });
      if (index % 10 === 0) log.add({ file: `bad${index}`, outcome: 'failed', code: 'INVALID_MEDIA', reason: 'no' });
      await log.flush();
    }
    const failures = await assets.listFailures(ports, 'job_log');
    expect(failures.map(({ file }) => file)).toEqual(['bad20', 'bad10', 'bad0']);
  });

  it('is written by one process at a time: the other is told', async () => {
    const { ports } = await place.open({ background: false });
    const [mine, theirs] = [await openFileLog(ports, 'job_log'), await openFileLog(ports, 'job_log')];
    mine.add({ file: 'a', outcome: 'added' });
    await mine.flush();
    theirs.add({ file: 'a', outcome: 'alreadyThere' });
    await expect(theirs.flush()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(() => theirs.add({ file: 'b', outcome: 'added' })).toThrow();
    expect((await openFileLog(ports, 'job_log')).counts).toMatchObject({ done: 1, added: 1 });
  });
});
