// npm run bench -- NAME [--json] [--data DIR]: runs bench/NAME.mjs; its last line is one JSON object.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, data: { type: 'string', default: path.join(import.meta.dirname, '../../shared/data') } },
});
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));
const [name] = positionals;
if (!names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [--json] [--data DIR]; NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
const { bench } = await import(`./${name}.bench.mjs`);
const say = values.json ? () => {} : console.log;
const result = await bench({ say, data: path.resolve(values.data) });
console.log(JSON.stringify({ bench: name, ...result }));
process.exit(0);
