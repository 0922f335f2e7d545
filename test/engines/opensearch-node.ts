import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HEAP = process.env.OPENSEARCH_HEAP ?? '1g';
const READY_WITHIN_MS = 400_000;
/** `nobody` of Debian, whom the server runs as where we are root: it refuses root. */
const NOBODY = 65534;

/** A node on the loopback; its data outlives a kill. */
export interface OpenSearchNode {
  version: string;
  url: string;
  /** Of the Java process. */
  pid(): number;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and deletes its data. */
  close(): Promise<void>;
}

const isRoot = process.getuid?.() === 0;

/** Outside the repository; where we are root, `nobody` must be able to get there, which root's own home does not allow. */
function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || (isRoot ? '/var/cache' : path.join(homedir(), '.cache'));
  return path.join(base, 'vrag-mcp-engines');
}

/** A node of this version, assembled at the first time (about a minute and 70 to 180 MB), not started yet; a text says why it cannot run here. */
export async function assembleNode(version: string): Promise<OpenSearchNode | string> {
  let folders: string[];
  try {
    const { stdout } = await run('bash', [path.join(import.meta.dirname, 'opensearch-assemble.sh'), cacheFolder(), version], { timeout: 900_000 });
    folders = stdout.trim().split('\n');
  } catch (error) {
    const { code, stdout } = error as { code?: number; stdout?: string };
    if (code === 3) return String(stdout).trim().split('\n').at(-1) ?? 'no reason given';
    throw error;
  }
  const [program, java] = folders;
  const home = await mkdtemp(path.join(tmpdir(), 'vrag-opensearch-'));
  await chmod(home, 0o755);
  if (isRoot) await chown(home, NOBODY, NOBODY);
  const [port, transport] = await freePorts();
  return new LocalNode(version, { program, java, home, port, transport });
}

class LocalNode implements OpenSearchNode {
  readonly version: string;
  readonly url: string;
  readonly #place: { program: string; java: string; home: string; port: number; transport: number };
  #child: ChildProcess | undefined;
  #pid = 0;
  #isEnding = false;

  constructor(version: string, place: { program: string; java: string; home: string; port: number; transport: number }) {
    this.version = version;
    this.url = `http://127.0.0.1:${place.port}`;
    this.#place = place;
  }

  pid(): number {
    return this.#pid;
  }

  async start(): Promise<void> {
    const { program, java, home, port, transport } = this.#place;
    const settings = {
      'discovery.type': 'single-node',
      'network.host': '127.0.0.1',
      'http.port': port,
      'transport.port': transport,
      'path.data': path.join(home, 'data'),
      'path.logs': path.join(home, 'logs'),
      'cluster.routing.allocation.disk.threshold_enabled': false,
    };
    const pidFile = path.join(home, 'pid');
    const args = ['-p', pidFile, ...Object.entries(settings).map(([name, value]) => `-E${name}=${value}`)];
    const command = [path.join(program, 'bin/opensearch'), ...args];
    const [file, ...rest] = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--pdeathsig=TERM', ...command] : command;
    const environment = { PATH: process.env.PATH ?? '', OPENSEARCH_JAVA_HOME: java, OPENSEARCH_JAVA_OPTS: `-Xms${HEAP} -Xmx${HEAP}`, HOME: home };
    const child = spawn(file, rest, { env: environment, cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output = `${output}${chunk}`.slice(-3000);
      });
    }
    this.#child = child;
    child.once('exit', (code) => {
      if (!this.#isEnding) console.log(`OpenSearch ${this.version} ended by itself with ${code}: ${output}`);
    });
    this.#isEnding = false;
    const isReady = () => fetch(`${this.url}/_cluster/health?wait_for_status=yellow&timeout=1s`).then(({ ok }) => ok);
    for (const end = Date.now() + READY_WITHIN_MS; !(await isReady().catch(() => false)); await sleep(300)) {
      if (child.exitCode === null && Date.now() < end) continue;
      child.kill('SIGKILL');
      throw new Error(`OpenSearch ${this.version} did not start: ${output}`);
    }
    this.#pid = Number(await readFile(pidFile, 'utf8'));
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async close(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.#place.home, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    this.#isEnding = true;
    process.kill(this.#pid, signal);
    await gone;
  }
}

async function freePorts(): Promise<number[]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) server.close();
  return ports;
}
