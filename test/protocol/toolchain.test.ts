import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');

it("runs on the caller's Node: nothing in the package puts another one first", () => {
  for (const name of ['node', 'node.exe', 'node.cmd']) expect(existsSync(path.join(ROOT, 'node_modules/.bin', name))).toBe(false);
  expect(execFileSync('node', ['--version'], { encoding: 'utf8' }).trim()).toBe(process.version);
});

it('has no Node, conformance suite or inspector among its own packages', () => {
  const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, unknown> };
  const names = Object.keys(packages).map((key) => key.replace(/^.*node_modules\//, ''));
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((name) => /^(node|node-bin-.*|node-(linux|darwin|win)-.*|@modelcontextprotocol\/(conformance|inspector))$/.test(name))).toEqual([]);
});
