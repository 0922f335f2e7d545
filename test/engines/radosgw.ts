import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type EngineProcess, freePorts, startEngine } from './processes.ts';
import type { CephPrograms } from './radosgw-packages.ts';

const run = promisify(execFile);

/** What a test needs to reach the store, and to start a gateway of its own before it. Plain data: it goes to the test processes. */
export interface RadosCluster {
  programs: CephPrograms;
  /** Holds the cluster's configuration and keys. */
  folder: string;
  /** Of the gateway that runs as long as the suite. */
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface Gateway extends EngineProcess {
  endpoint: string;
}

/** One monitor, one disk server that keeps everything in memory, and one S3 gateway, on free ports of 127.0.0.1. `stop` ends them and removes their data. */
export async function startRadosCluster(programs: CephPrograms): Promise<{ cluster: RadosCluster; stop(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vrag-rados-'));
  const running: EngineProcess[] = [];
  const stop = async () => {
    for (const server of running.reverse()) await server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    running.push(await startMonitor(programs, folder));
    running.push(await startDisk(programs, folder));
    const cluster = { programs, folder, endpoint: '', accessKeyId: 'vragtest', secretAccessKey: randomUUID() };
    const keys = ['--access-key', cluster.accessKeyId, '--secret-key', cluster.secretAccessKey];
    await ceph(programs, folder, 'radosgw-admin', ['user', 'create', '--uid', 'test', '--display-name', 'test', ...keys]);
    const gateway = await startGateway(cluster);
    running.push(gateway);
    return { cluster: { ...cluster, endpoint: gateway.endpoint }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One more gateway before the same store. It keeps nothing itself. */
export async function startGateway({ programs, folder }: RadosCluster, port?: number): Promise<Gateway> {
  const [chosen] = port === undefined ? await freePorts(1) : [port];
  const endpoint = `http://127.0.0.1:${chosen}`;
  // Without tcp_nodelay every answer with an error in its body waits 40 ms for the client's kernel, as S3's do not.
  const frontend = `beast endpoint=127.0.0.1:${chosen} tcp_nodelay=1`;
  const args = ['-n', 'client.admin', '--rgw-frontends', frontend, '--log-file', path.join(folder, `rgw-${chosen}.log`), '-f'];
  const gateway = await startEngine(path.join(programs.root, 'usr/bin/radosgw'), args, {
    env: environmentOf(programs, folder),
    ready: async () => (await fetch(endpoint)).ok,
  });
  return { ...gateway, endpoint };
}

const environmentOf = (programs: CephPrograms, folder: string): Record<string, string> => ({
  ...programs.environment,
  CEPH_CONF: path.join(folder, 'ceph.conf'),
});

async function ceph(programs: CephPrograms, folder: string, program: string, args: string[]): Promise<string> {
  const file = path.join(programs.root, 'usr/bin', program);
  // `ceph` itself is a Python program; all others are binaries.
  const command: [string, string[]] = program === 'ceph' ? ['/usr/bin/python3', [file, ...args]] : [file, args];
  const { stdout } = await run(...command, { env: environmentOf(programs, folder), timeout: 120_000 });
  return stdout;
}

async function startMonitor(programs: CephPrograms, folder: string): Promise<EngineProcess> {
  const [v2, v1] = await freePorts(2);
  const id = randomUUID();
  for (const name of ['mon.a', 'osd.0', 'rgw', 'run']) await mkdir(path.join(folder, name));
  await writeFile(path.join(folder, 'ceph.conf'), configuration(programs, { folder, id, v2, v1 }));
  const [keyring, map] = [path.join(folder, 'keyring'), path.join(folder, 'monmap')];
  const allow = (service: string) => ['--cap', service, 'allow *'];
  await ceph(programs, folder, 'ceph-authtool', ['--create-keyring', keyring, '--gen-key', '-n', 'mon.', ...allow('mon')]);
  await ceph(programs, folder, 'ceph-authtool', [keyring, '--gen-key', '-n', 'client.admin', ...['mon', 'osd', 'mds', 'mgr'].flatMap(allow)]);
  await ceph(programs, folder, 'monmaptool', ['--create', '--fsid', id, '--addv', 'a', `[v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}]`, map]);
  await ceph(programs, folder, 'ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map, '--keyring', keyring]);
  return startEngine(path.join(programs.root, 'usr/bin/ceph-mon'), ['-i', 'a', '-f'], {
    env: environmentOf(programs, folder),
    ready: async () => (await ceph(programs, folder, 'ceph', ['--connect-timeout', '5', 'mon', 'stat'])).includes('quorum'),
  });
}

async function startDisk(programs: CephPrograms, folder: string): Promise<EngineProcess> {
  const id = randomUUID();
  await ceph(programs, folder, 'ceph', ['osd', 'new', id]);
  await ceph(programs, folder, 'ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', id]);
  return startEngine(path.join(programs.root, 'usr/bin/ceph-osd'), ['-i', '0', '-f'], {
    env: environmentOf(programs, folder),
    ready: async () => (await ceph(programs, folder, 'ceph', ['osd', 'stat'])).includes('1 up'),
  });
}

/**
 * Without authentication between the servers `ms mon client mode` must leave out `secure`, or the gateway waits for ever (tried with 16.2.15).
 * `auth allow insecure global id reclaim` and one copy of everything only silence warnings.
 */
function configuration({ libraries }: CephPrograms, { folder, id, v2, v1 }: { folder: string; id: string; v2: number; v1: number }): string {
  return `[global]
fsid = ${id}
mon host = v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}
mon initial members = a
ms mon client mode = crc secure
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
mon max pg per osd = 2000
ms bind ipv4 = true
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = ${folder}/run
admin socket = ${folder}/run/$name.$pid.asok
log file = ${folder}/$name.log
pid file =
plugin dir = ${libraries}/ceph
erasure code dir = ${libraries}/ceph/erasure-code
osd class dir = ${libraries}/rados-classes
osd class load list = *
osd class default list = *
keyring = ${folder}/keyring
[mon.a]
mon data = ${folder}/mon.a
mon addr = 127.0.0.1:${v2}
[osd.0]
osd data = ${folder}/osd.0
osd objectstore = memstore
memstore device bytes = 2147483648
osd max object name len = 2048
osd max object namespace len = 256
[client.admin]
rgw data = ${folder}/rgw
rgw dns name = localhost
`;
}
