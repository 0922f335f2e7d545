// Makes src/quality/calibration/<embedder>.json for the gate `reference`. Run after a build:
// node scripts/calibrate-reference.mjs --data DIR [--runtime auto|wasm|native] [--out FILE] [--date YYYY-MM-DD]
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate } from '../dist/quality/calibrate.js';
import { calibrationFileName } from '../dist/quality/calibration.js';
import { REFERENCE_STATISTIC, REFERENCE_VIEWS } from '../dist/quality/reference.js';
import { scorePairs } from './score-pairs.mjs';

const { values } = parseArgs({
  options: { data: { type: 'string' }, runtime: { type: 'string', default: 'auto' }, out: { type: 'string' }, date: { type: 'string' } },
});
if (!values.data) {
  console.error('Give --data DIR: a folder with pairs.json, references and clips.');
  process.exit(2);
}
const { embedderId, clips } = await scorePairs(values.data, { runtime: values.runtime, say: console.error });
const calibration = calibrate(clips, {
  embedderId,
  statistic: REFERENCE_STATISTIC,
  preprocessing: REFERENCE_VIEWS,
  date: values.date ?? new Date().toISOString().slice(0, 10),
  positivesAre: 'image-to-video clips (PIA, DynamiCrafter; 2 s at 8 frames/s) against the reference they were generated from',
  negativesAre: 'the same clips against every other reference of the set',
});
const out = values.out ?? path.join(import.meta.dirname, '../src/quality/calibration', calibrationFileName(embedderId));
const text = `${JSON.stringify(calibration, null, 2)}\n`;
await writeFile(out, text);
console.log(text);
