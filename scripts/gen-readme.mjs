// Writes what is generated from the build: the tables of README.md (tools, settings), and the tools' JSON Schemas. --check fails where they differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { EnvironmentSchema } from '../dist/environment.js';
import { tools } from '../dist/tools/index.js';
import { listedSchema } from '../dist/tools/listed.js';

const file = new URL('../README.md', import.meta.url);
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function toolTable() {
  const rows = tools.map(({ name, description, annotations, input }) => {
    const effect = annotations.readOnlyHint ? 'reads' : annotations.destructiveHint ? 'deletes or stops' : 'adds';
    const fields = Object.entries(input.shape).map(([field, schema]) => (schema.safeParse(undefined).success ? field : `**${field}**`));
    return `| \`${name}\` | ${cell(description)} | ${effect} | ${fields.join(', ')} |`;
  });
  return ['| tool | what it does | effect | arguments (required in bold) |', '|---|---|---|---|', ...rows].join('\n');
}

function settingsTable() {
  const rows = Object.entries(EnvironmentSchema.shape).map(([name, schema]) => {
    const initial = schema.safeParse(undefined).data;
    return `| \`${name}\` | ${initial === undefined ? 'none' : initial === '' ? 'empty' : `\`${initial}\``} | ${cell(schema.description)} |`;
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

function replaceBetween(text, name, content) {
  const pattern = new RegExp(`(<!-- generated:${name} -->\\n)[\\s\\S]*?(<!-- /generated:${name} -->)`);
  if (!pattern.test(text)) throw new Error(`README.md has no section generated:${name}`);
  return text.replace(pattern, (_, open, close) => `${open}${content}\n${close}`);
}

function schemas() {
  const of = ({ name, input, output }) => [name, { input: listedSchema(input, 'input'), output: listedSchema(output, 'output') }];
  const text = JSON.stringify(Object.fromEntries(tools.map(of)));
  const escaped = text.replace(/[\\`]|\$\{/g, '\\$&');
  return `/** Written by scripts/gen-readme.mjs. */\nexport const LISTED_SCHEMAS = \`${escaped}\`;\n`;
}

function update(file, after) {
  const name = file.pathname.split('/').at(-1);
  if (after === readFileSync(file, 'utf8')) console.log(`${name} is up to date.`);
  else if (process.argv.includes('--check')) {
    console.error(`${name} differs from the code: run \`npm run gen\` and commit it.`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, after);
    console.log(`${name} updated.`);
  }
}

update(file, replaceBetween(replaceBetween(readFileSync(file, 'utf8'), 'tools', toolTable()), 'settings', settingsTable()));
update(new URL('../src/tools/listed-schemas.ts', import.meta.url), schemas());
