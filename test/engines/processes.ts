import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that a test started; it ends with this process, whatever ends it. */
export interface EngineProcess {
  pid: number;
  /** Ends it and waits until it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a server in the foreground. Its last output is in the error where it ends before `ready` says so. */
export async function startEngine(
  program: string,
  args: string[],
  options: { env: Record<string, string>; ready: () => Promise<boolean>; timeoutSeconds?: number },
): Promise<EngineProcess> {
  // setpriv (util-linux): the kernel ends the server when the thread that started it ends, also where that was killed.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-4000);
    });
  }
  child.on('error', (error) => {
    output = String(error);
  });
  const deadline = Date.now() + (options.timeoutSeconds ?? 120) * 1000;
  while (!(await options.ready().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${program} did not start: ${output.trim()}`);
    }
    await sleep(100);
  }
  return { pid: child.pid as number, kill: (signal = 'SIGTERM') => end(child, signal) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await closed;
  clearTimeout(timer);
}

/** Ports of 127.0.0.1 that nobody listens on at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address && typeof address === 'object') ports.push(address.port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
