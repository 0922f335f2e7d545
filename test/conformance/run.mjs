// The official conformance suite and the official inspector against the build: npm run test:conformance.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runInspector } from './inspector.mjs';
import { startServer } from './server-process.mjs';
import { runSuite } from './suite.mjs';
import { findNode, installTools } from './toolchain.mjs';

/** Scored server scenarios of each revision; the sets are frozen (the suite's requirements/*.yaml). */
const SCORED = { '2025-11-25': 30, '2026-07-28': 37 };

/** Scenarios that the server must pass as it is shipped, without fixtures, with the checks in them that no server can pass without. */
const WITHOUT_FIXTURES = {
  '2025-11-25': {
    'server-initialize': [],
    ping: [],
    'tools-list': [],
    'server-sse-multiple-streams': [],
    'resources-list': [],
    'dns-rebinding-protection': [],
    'server-session-lifecycle': [],
  },
  '2026-07-28': {
    'server-stateless': [
      'sep-2575-server-rejects-undeclared-capability',
      'sep-2575-missing-capability-http-400',
      'sep-2575-http-server-no-independent-requests-on-stream',
      'sep-2575-server-no-log-without-loglevel',
    ],
    'tools-list': [],
    'server-sse-multiple-streams': [],
    'resources-list': [],
    'sep-2164-resource-not-found': [],
    'dns-rebinding-protection': [],
    caching: ['sep-2549-prompts-list-caching-hints'],
    'input-required-result-unsupported-methods': [],
    'input-required-result-validate-input': [],
    'http-header-validation': [],
  },
};

let passed = 0;
let failed = 0;
function report(name, ok, detail = '') {
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? '✓' : '✗'} ${name}${detail ? `: ${detail}` : ''}`);
}

/** Every scored scenario of both revisions, on the server with the fixtures. */
async function withFixtures(node, scratch) {
  const server = await startServer('test/protocol/fixture-server.mjs', [path.join(scratch, 'data')]);
  try {
    for (const [revision, expected] of Object.entries(SCORED)) {
      const { ok, log, scenarios, unscored } = runSuite(node, server.url, revision, path.join(scratch, 'fixtures'));
      const scored = Object.entries(scenarios).filter(([name]) => !unscored.includes(name));
      for (const [name, { passed: checks, failed: wrong }] of scored) report(`${revision} ${name}`, wrong.length === 0, wrong.join(', ') || `${checks} checks`);
      const others = unscored.map((name) => scenarios[name]).filter(({ failed: wrong }) => wrong.length === 0);
      report(`${revision}: the suite's verdict`, ok && scored.length === expected, `${scored.length} scored scenarios of ${expected}`);
      console.log(`  not scored: ${others.length} of ${unscored.length} without a failing check (extensions and pending ones)`);
      const warnings = Object.values(scenarios).flatMap((scenario) => scenario.warnings);
      if (warnings.length) console.log(`  warnings: ${warnings.join(', ')}`);
      if (!ok) console.log(log.slice(log.indexOf('=== SUMMARY')));
    }
  } finally {
    await server.stop();
  }
}

/** The server as it is shipped. */
async function withoutFixtures(node, scratch) {
  const server = await startServer('dist/cli.js', ['--http', '--port', '0'], { VRAG_HOME: path.join(scratch, 'plain'), VRAG_DEFAULT_DIRS: 'off' });
  try {
    for (const [revision, expected] of Object.entries(WITHOUT_FIXTURES)) {
      const { scenarios } = runSuite(node, server.url, revision, path.join(scratch, 'shipped'));
      for (const [name, impossible] of Object.entries(expected)) {
        const { passed: checks, failed: wrong } = scenarios[name] ?? { passed: 0, failed: ['did not run'] };
        const surprising = wrong.filter((id) => !impossible.includes(id));
        report(`shipped, ${revision} ${name}`, surprising.length === 0 && checks > 0, surprising.join(', ') || `${checks} checks`);
      }
    }
  } finally {
    await server.stop();
  }
}

installTools();
const node = findNode();
const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-conformance-'));
try {
  await withFixtures(node, scratch);
  await withoutFixtures(node, scratch);
  const folder = path.join(scratch, 'inspector');
  mkdirSync(folder);
  for (const { name, ok, detail } of await runInspector(node, folder)) report(`inspector ${name}`, ok, detail);
} finally {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}
console.log(`\nconformance: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
