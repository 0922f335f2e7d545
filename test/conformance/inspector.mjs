import { spawnSync } from 'node:child_process';
import path from 'node:path';
import sharp from 'sharp';
import { INSPECTOR } from './toolchain.mjs';

const CLI = path.join(import.meta.dirname, '../../dist/cli.js');

/** Runs the inspector's command line against the built server over stdio; [{ name, ok, detail }]. */
export async function runInspector(node, folder) {
  const picture = path.join(folder, 'square.png');
  await sharp({ create: { width: 16, height: 16, channels: 3, background: 'blue' } }).toFile(picture);
  const inspect = (name, options, expect = () => true) => {
    const { status, stdout, stderr } = spawnSync(
      node,
      [INSPECTOR, '--cli', ...options.era, process.execPath, CLI, folder, ...options.ask, '--format', 'json'],
      {
        encoding: 'utf8',
        timeout: 60_000,
        maxBuffer: 16 << 20,
        env: { ...process.env, HOME: folder, MCP_INSPECTOR_SECRET_STORE: 'memory', VRAG_HOME: path.join(folder, 'data'), VRAG_DEFAULT_DIRS: 'off' },
      },
    );
    const ok = status === 0 && expect(JSON.parse(stdout).result);
    const portability = /(\d+) errors?, (\d+) warnings?/.exec(stderr)?.[0];
    return { name, ok, detail: ok ? (portability ?? '') : `exit ${status}\n${stdout.slice(0, 2000)}\n${stderr.slice(0, 2000)}` };
  };
  return [
    ['legacy', []],
    ['modern', ['--protocol-era', 'modern']],
  ].flatMap(([label, era]) => {
    const run = (name, ask, expect) => inspect(`${name} (${label})`, { era, ask }, expect);
    const call = (tool, args) => ['--method', 'tools/call', '--tool-name', tool, '--tool-args-json', JSON.stringify(args)];
    return [
      run('tools/list --strict', ['--method', 'tools/list', '--strict'], ({ tools }) => tools.length > 0),
      run('ingest_image', call('ingest_image', { path: picture, caption: 'a blue square' }), ({ structuredContent }) => structuredContent.asset.width === 16),
      run('search_images', call('search_images', { query: 'blue square' }), ({ structuredContent }) => structuredContent.hits.length === 1),
      run('resources/list', ['--method', 'resources/list'], ({ resources }) => resources.some(({ uri }) => uri === 'vrag://collections')),
      run('resources/templates/list', ['--method', 'resources/templates/list'], ({ resourceTemplates }) => resourceTemplates.length === 5),
      run('resources/read', ['--method', 'resources/read', '--uri', 'vrag://collections'], ({ contents }) => contents[0].text.includes('"default"')),
    ];
  });
}
