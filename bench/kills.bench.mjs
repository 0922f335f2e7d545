// Five SIGKILLs at random moments of a 2,000-file ingest, each followed by a restart that goes on; then two processes ingest into one data folder at once.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import sharp from 'sharp';

const CLI = path.join(import.meta.dirname, '../dist/cli.js');
const FILES = 2000;
const KILLS = 5;
/** Files of each of the two processes; half of them are the same bytes in both folders. */
const SHARED_FILES = 200;
/** No model: the question is what a kill leaves behind, not what is seen. */
const SETTINGS = { VRAG_DEFAULT_DIRS: 'off', VRAG_EMBEDDER: 'descriptor', VRAG_RECOGNISER: 'off' };

export async function bench({ say, data }) {
  const root = await mkdtemp(path.join(tmpdir(), 'vrag-kills-'));
  try {
    const originals = await originalsOf(data);
    const folder = path.join(root, 'pictures');
    await makeVariants(originals, folder, FILES);
    const killed = await killAndResume(path.join(root, 'home'), folder, say);
    const racing = await twoAtOnce(path.join(root, 'home-two'), originals, root, say);
    return { files: FILES, kills: KILLS, ...killed, ...racing };
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function originalsOf(data) {
  const entries = await readdir(path.join(data, 'dreambooth', 'dataset'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => /\.jpe?g$/i.test(entry.name)).map((entry) => path.join(entry.parentPath, entry.name));
}

/** Small pictures that all differ: another crop and turn of another original. */
async function makeVariants(originals, folder, count, first = 0) {
  await mkdir(path.join(folder, 'below'), { recursive: true });
  const small = [];
  for (const file of originals) small.push(await sharp(file).resize(200, 200, { fit: 'cover' }).png({ compressionLevel: 1 }).toBuffer());
  for (let index = first; index < first + count; index++) {
    const round = Math.floor(index / small.length);
    const crop = { left: round % 8, top: Math.floor(round / 8) % 8, width: 160, height: 120 };
    const bytes = await sharp(small[index % small.length])
      .extract(crop)
      .modulate({ hue: (round * 7) % 360 })
      .jpeg({ quality: 80 })
      .toBuffer();
    await writeFile(path.join(folder, index % 5 === 0 ? 'below' : '.', `picture-${String(index).padStart(4, '0')}.jpg`), bytes);
  }
}

function ingest(home, folder, ...options) {
  const env = { ...process.env, ...SETTINGS, VRAG_HOME: home };
  return spawn(process.execPath, [CLI, 'ingest', folder, ...options], { env, stdio: ['ignore', 'ignore', 'ignore'], detached: true });
}

/** The studio of this process on a data folder, only to read it. */
async function reading(home, work) {
  const { lazyStudio } = await import('../dist/studio.js');
  const { loadConfig } = await import('../dist/config.js');
  const studio = lazyStudio(loadConfig({ ...SETTINGS, VRAG_HOME: home }), { localPaths: true, background: false });
  try {
    return await work(await studio.open());
  } finally {
    await studio.close();
  }
}

async function killAndResume(home, folder, say) {
  const killedAt = [];
  const seconds = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const started = performance.now();
    const child = ingest(home, folder);
    // A random part of what is left, so that the kills spread over the whole job.
    const from = killedAt.at(-1) ?? 0;
    const at = from + Math.ceil(((FILES - from) / (KILLS - kill + 1)) * (0.5 + Math.random()));
    await reading(home, ({ assets, ports }) => waitForDone({ assets, ports }, at, child));
    await sleep(Math.random() * 100);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    killedAt.push(at);
    seconds.push((performance.now() - started) / 1000);
    say(`kill ${kill + 1} after about ${at} of ${FILES} files (${seconds.at(-1).toFixed(1)} s)`);
  }
  const last = ingest(home, folder);
  const [code] = await once(last, 'exit');
  const found = await check(home, FILES);
  const job = await reading(home, ({ assets, ports }) => assets.listLibraryJobs(ports, { limit: 10 }));
  const [{ counts, id }] = job.views;
  const outcomes = await reading(home, ({ ports }) => outcomesOf(ports, id));
  const twice = outcomes.length - new Set(outcomes).size;
  say(`one job of ${counts.total} files: ${counts.added} added, ${counts.alreadyThere} found there after a kill, ${counts.failed} failed; ${found.verify}`);
  return {
    jobs: job.views.length,
    lastExitCode: code,
    lost: found.lost + (FILES - new Set(outcomes).size),
    duplicated: found.duplicated + twice,
    integrity: found.integrity,
    verifyClean: found.verifyClean,
    orphans: found.orphans,
  };
}

async function waitForDone({ assets, ports }, count, child) {
  while (child.exitCode === null) {
    const { views } = await assets.listLibraryJobs(ports, { limit: 1 });
    if ((views[0]?.counts.done ?? 0) >= count) return;
    await sleep(50);
  }
  throw new Error('The ingest ended before it was killed.');
}

async function outcomesOf(ports, jobId) {
  const { openFileLog } = await import('../dist/library/file-log.js');
  const files = [];
  for await (const { file } of (await openFileLog(ports, jobId)).outcomes()) files.push(file);
  return files;
}

async function check(home, expected) {
  const shas = await reading(home, async ({ ports }) => {
    const found = [];
    for (let cursor; ; ) {
      const page = await ports.catalog.list('default', {}, { limit: 500, ...(cursor ? { cursor } : {}) });
      found.push(...page.assets.map(({ sha256 }) => sha256));
      if (!page.cursor) return found;
      cursor = page.cursor;
    }
  });
  const different = new Set(shas).size;
  const run = promisify(execFile)(process.execPath, [CLI, 'verify'], { env: { ...process.env, ...SETTINGS, VRAG_HOME: home } });
  const { stdout, code } = await run.then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error) => ({ stdout: error.stdout ?? String(error), code: error.code }),
  );
  return {
    lost: expected - different,
    duplicated: shas.length - different,
    integrity: /Damage/.test(stdout) ? 'damaged' : 'ok',
    verifyClean: code === 0,
    orphans: Number(/(\d+) orphans/.exec(stdout)?.[1]),
    verify: stdout.trim().split('\n').at(-1),
  };
}

/** Two folders with half of their pictures in common, into the same collection. */
async function twoAtOnce(home, originals, root, say) {
  const [a, b] = ['a', 'b'].map((name) => path.join(root, name));
  await makeVariants(originals, a, SHARED_FILES, 10_000);
  await makeVariants(originals, b, SHARED_FILES, 10_000 + SHARED_FILES / 2);
  const started = performance.now();
  const children = [ingest(home, a), ingest(home, b)];
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  const found = await check(home, SHARED_FILES * 1.5);
  say(`two processes at once: ${((performance.now() - started) / 1000).toFixed(1)} s; ${found.verify}`);
  return { twoExitCodes: codes, twoLost: found.lost, twoDuplicated: found.duplicated, twoVerifyClean: found.verifyClean && found.integrity === 'ok' };
}
