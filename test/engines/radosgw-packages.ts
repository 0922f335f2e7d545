import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where downloaded engines are kept, outside the repository. */
export const CACHE = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'vrag-mcp-engines');

/** Of what apt would install, all that the three servers and the `ceph` program load; not the tools for real disks, some of which are setuid. */
const NEEDED = /^(?:radosgw|ceph-(?:mon|osd|base|common)|lib.+|python3.*)$/;
const PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd'];

/** Programs of an unpacked Ceph and what they need in their environment. */
export interface CephPrograms {
  root: string;
  libraries: string;
  environment: Record<string, string>;
}

/**
 * Ceph's monitor, disk server and S3 gateway from Debian's packages, unpacked into the cache and never installed: about 68 MB once.
 * The text says why where this machine cannot have them.
 */
export async function cephPrograms(): Promise<CephPrograms | string> {
  if (process.platform !== 'linux') return 'Debian packages run on Linux only';
  for (const program of ['apt-get', 'dpkg-deb', 'setpriv', '/usr/bin/python3']) {
    if (!(await run(program, ['--version']).catch(() => undefined))) return `there is no ${program}`;
  }
  const root = path.join(CACHE, 'radosgw');
  const cached = await works(root);
  if (cached) return cached;
  const failure = await assemble(root);
  if (failure !== undefined) return failure;
  const made = await works(root);
  if (!made) throw new Error(`the unpacked programs in ${root} do not run`);
  return made;
}

/** The programs of a folder, where each of them starts (the libraries of the system may have changed since). */
async function works(root: string): Promise<CephPrograms | undefined> {
  const triplet = (await readdir(path.join(root, 'usr/lib')).catch(() => [])).find((name) => name.endsWith('-linux-gnu'));
  if (triplet === undefined) return undefined;
  const libraries = path.join(root, 'usr/lib', triplet);
  const environment = {
    PATH: '/usr/bin:/bin',
    LD_LIBRARY_PATH: [libraries, path.join(libraries, 'ceph'), path.join(root, 'lib', triplet)].join(':'),
    PYTHONPATH: path.join(root, 'usr/lib/python3/dist-packages'),
  };
  for (const program of ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'ceph-authtool', 'monmaptool']) {
    try {
      await run(path.join(root, 'usr/bin', program), ['--version'], { env: environment });
    } catch {
      return undefined;
    }
  }
  return { root, libraries, environment };
}

/** Downloads and unpacks, whole or not at all. The text says why it cannot. */
async function assemble(root: string): Promise<string | undefined> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(path.join(CACHE, 'radosgw-'));
  try {
    const apt = await aptThatKnows(folder);
    if (!apt) return `apt does not know ${PACKAGES.join(', ')}, and its lists cannot be fetched`;
    const packages = (await wanted(apt)).filter((name) => NEEDED.test(name));
    const downloads = path.join(folder, 'debs');
    await mkdir(downloads);
    try {
      await run('apt-get', [...apt, '-qq', 'download', ...packages], { cwd: downloads });
    } catch (error) {
      return `Debian's packages cannot be downloaded: ${lastLine(error)}`;
    }
    const unpacked = path.join(folder, 'root');
    for (const file of await readdir(downloads)) await run('dpkg-deb', ['-x', path.join(downloads, file), unpacked]);
    await rm(root, { recursive: true, force: true });
    await rename(unpacked, root);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Options under which apt knows the packages: the system's own lists, else fresh ones in our folder, which needs no rights. */
async function aptThatKnows(folder: string): Promise<string[] | undefined> {
  const system = ['-o', 'APT::Sandbox::User='];
  if ((await wanted(system)).length > 0) return system;
  const state = path.join(folder, 'state');
  await mkdir(path.join(state, 'lists/partial'), { recursive: true });
  const own = [...system, '-o', `Dir::State=${state}`, '-o', 'Dir::State::status=/var/lib/dpkg/status', '-o', `Dir::Cache=${path.join(folder, 'cache')}`];
  await mkdir(path.join(folder, 'cache/archives/partial'), { recursive: true });
  await run('apt-get', [...own, '-qq', 'update']).catch(() => undefined);
  return (await wanted(own)).length > 0 ? own : undefined;
}

/** What apt would install: relative to what the system has. */
async function wanted(options: string[]): Promise<string[]> {
  const { stdout } = await run('apt-get', [...options, '-s', 'install', '--no-install-recommends', ...PACKAGES]).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
}

function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
