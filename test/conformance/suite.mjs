import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CONFORMANCE } from './toolchain.mjs';

const SCENARIO_TIMEOUT_MS = 30_000;

/**
 * Runs the scenarios that a revision requires of a server: { ok, log, unscored, scenarios: { NAME: { passed, failed, warnings } } }.
 * `ok` is the suite's own verdict (no failing scored scenario), `failed` and `warnings` are ids of checks.
 */
export function runSuite(node, url, revision, output) {
  const folder = path.join(output, revision);
  const { status, stdout, stderr } = spawnSync(
    node,
    [CONFORMANCE, 'server', '--url', url, '--requirements', revision, '--timeout', String(SCENARIO_TIMEOUT_MS), '-o', folder],
    { encoding: 'utf8', maxBuffer: 64 << 20 },
  );
  const scenarios = {};
  for (const entry of readdirSync(folder)) {
    const checks = JSON.parse(readFileSync(path.join(folder, entry, 'checks.json'), 'utf8'));
    const ids = (wanted) => checks.filter((check) => check.status === wanted).map((check) => check.id);
    const name = entry.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
    scenarios[name] = { passed: ids('SUCCESS').length, failed: ids('FAILURE'), warnings: ids('WARNING') };
  }
  const notScored = stdout.slice(stdout.indexOf('Not scored for'));
  const unscored = [...notScored.matchAll(/^\s+[✓✗] (\S+) \(/gm)].map(([, name]) => name);
  return { ok: status === 0, log: `${stdout}\n${stderr}`, scenarios, unscored };
}
