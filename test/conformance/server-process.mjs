import { spawn } from 'node:child_process';
import path from 'node:path';

const START_MS = 15_000;
const STOP_MS = 5_000;

/** Starts a script of the repository that prints its address on stderr: { url, log(), stop() }. */
export async function startServer(script, args, environment = {}) {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../..', script), ...args], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let log = '';
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`${script} did not start:\n${log}`));
    const timer = setTimeout(fail, START_MS);
    exited.then(fail);
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      log += chunk;
      const address = /http:\S+\/mcp/.exec(log);
      if (address) {
        clearTimeout(timer);
        resolve(address[0]);
      }
    });
  }).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    url,
    log: () => log,
    async stop() {
      child.stdin.end();
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(late);
    },
  };
}
