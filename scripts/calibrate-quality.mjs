// Makes src/quality/calibration/<embedder>.json: the cut points of all gates, chosen together on the half of the references that the bench `quality`
// does not measure. Run after a build:
// node scripts/calibrate-quality.mjs --data DIR [--good N] [--defects N] [--out FILE] [--date YYYY-MM-DD] [--rows FILE]
// N: how many good clips, and how many with each kind of defect, where as many can be made. More good ones: they hold the cut points back.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readData } from '../bench/quality-bases.mjs';
import { casesOf } from '../bench/quality-cases.mjs';
import { clipOf } from '../bench/quality-figures.mjs';
import { nativeRuntime } from '../bench/quality-native.mjs';
import { measureCases, openTools } from '../bench/quality-run.mjs';
import { calibrate } from '../dist/quality/calibrate.js';
import { calibrationFileName } from '../dist/quality/calibration.js';
import { judgeHeldOut } from '../dist/quality/held-out.js';
import { REFERENCE_VIEWS } from '../dist/quality/reference.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    good: { type: 'string', default: '60' },
    defects: { type: 'string', default: '22' },
    out: { type: 'string' },
    date: { type: 'string' },
    rows: { type: 'string' },
  },
});
if (!values.data) {
  console.error('Give --data DIR: a folder with pairs.json, references and clips.');
  process.exit(2);
}
const embedderId = 'vision-lite0.1+colour.1';
const rows = values.rows && existsSync(values.rows) ? JSON.parse(readFileSync(values.rows, 'utf8')) : await measured();
if (values.rows) writeFileSync(values.rows, JSON.stringify(rows));
const clips = rows.filter((row) => row.report.shots[0]).map(clipOf);
const good = clips.filter((clip) => clip.kind === 'good');
const chosen = calibrate(clips, {
  ...{ embedderId, preprocessing: REFERENCE_VIEWS, date: values.date ?? new Date().toISOString().slice(0, 10) },
  clipsAre: `${good.length} good clips of ${new Set(good.map((clip) => clip.reference)).size} references (generated from an image, recorded, camera moves over photographs; untouched and benignly changed) and ${clips.length - good.length} with one known defect each`,
});
const file = { ...chosen, heldOut: judgeHeldOut(clips) };
const out = values.out ?? path.join(import.meta.dirname, '../src/quality/calibration', calibrationFileName(embedderId));
writeFileSync(out, `${JSON.stringify(file, null, 2)}\n`);
for (const [id, { fail, pass, auc, better }] of Object.entries(file.gates)) console.log(id.padEnd(10), better, 'fail', fail, 'pass', pass, 'auc', auc);
process.exit(0);

async function measured() {
  const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-calibrate-'));
  const tools = openTools(path.resolve(values.data), { nativeModule: nativeRuntime(scratch) });
  try {
    const ofEach = (each) => casesOf(readData(path.resolve(values.data)), 0, tools, { each: Number(each) }).filter((one) => !one.expect);
    const cases = [...ofEach(values.good).filter((one) => one.good), ...ofEach(values.defects).filter((one) => !one.good)];
    const { rows: found } = await measureCases(cases, { tools, folder: process.env.VRAG_BENCH_CACHE ?? path.join(scratch, 'clips'), say: console.error });
    return found.map(({ peers, ...row }) => row);
  } finally {
    tools.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}
