import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expandPath, loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { RawImage } from '../ports/pictures.ts';
import { calibrate, type ScoredClip } from '../quality/calibrate.ts';
import { calibrationFileName } from '../quality/calibration.ts';
import type { CalibrationFile, HeldOut } from '../quality/cut-points.ts';
import { evaluateClip } from '../quality/evaluate.ts';
import { GATES } from '../quality/gates.ts';
import { judgeHeldOut, requireEnough } from '../quality/held-out.ts';
import { REFERENCE_VIEWS } from '../quality/reference.ts';
import { lazyStudio, type Studio } from '../studio.ts';
import { readArguments } from './arguments.ts';
import { type ListedClip, readCalibrationList } from './calibration-list.ts';
import { createProgress } from './progress.ts';

const USAGE = `vrag-mcp calibrate LIST [--out FILE]

Chooses the cut points of the quality checks from your own clips, each with the picture it was made from and whether it is good or bad.
LIST is one of:
  a folder        NAME/reference.jpg, NAME/good/*.mp4, NAME/bad/*.mp4, for each reference a NAME
  a CSV file      with the columns clip, reference, verdict (good or bad); paths are relative to the file
  a JSON file     [{"clip": "a.mp4", "reference": "a.jpg", "verdict": "good"}, ...]
At least 50 good clips of 10 references and 20 bad clips are needed. The cut points are chosen together, so that the whole verdict fails at
most 2 % of the good clips; how it does on references that it has not seen is printed and written beside them.

  --out FILE      default: calibration/EMBEDDER.json in the data folder

A server uses the file with VRAG_CALIBRATION=FILE. Exit code: 0, 1 where some clip could not be measured.`;

const options = { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;

/** As for evaluate_video: more than any crop of a reference is compared at. */
const REFERENCE_MAX_SIDE = 1024;

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options, 'calibrate');
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (positionals.length !== 1) throw new AppError('MISCONFIGURED', 'Give one LIST.', { hint: 'See vrag-mcp calibrate --help.' });
  const listed = await readCalibrationList(expandPath(positionals[0]));
  requireEnough(listed.map(({ reference, verdict }) => ({ reference, kind: verdict, scores: {} })));
  // What is measured does not depend on cut points, and those of an embedder of before would be refused.
  const { calibrationFile: _before, ...config } = loadConfig(process.env);
  const studio = lazyStudio(config, { localPaths: true, background: false });
  try {
    const opened = await studio.open();
    const { clips, failures } = await scoreAll(opened.ports, listed);
    for (const { clip, reason } of failures) console.error(`failed: ${cleanText(clip, 500)}: ${cleanText(reason, 500)}`);
    requireEnough(clips);
    const file = { ...calibrate(clips, aboutOf(opened.ports.embedder.id, clips)), heldOut: judgeHeldOut(clips) };
    const out = expandPath(values.out ?? path.join(config.homeDir, 'calibration', calibrationFileName(file.embedderId)));
    await mkdir(path.dirname(out), { recursive: true });
    await writeFile(out, `${JSON.stringify(file, null, 2)}\n`);
    process.stdout.write(`${tableOf(file)}\n${heldOutText(file.heldOut)}\nWritten: ${out}\nA server uses it with VRAG_CALIBRATION=${out}\n`);
    return failures.length > 0 ? 1 : 0;
  } finally {
    await studio.close();
  }
}

/** Every clip through the whole evaluation, one after the other: each takes all cores. */
async function scoreAll(ports: Studio['ports'], listed: readonly ListedClip[]): Promise<{ clips: ScoredClip[]; failures: { clip: string; reason: string }[] }> {
  const progress = createProgress();
  const references = new Map<string, Promise<RawImage>>();
  const clips: ScoredClip[] = [];
  const failures: { clip: string; reason: string }[] = [];
  for (const { clip, reference, verdict } of listed) {
    try {
      if (!references.has(reference)) references.set(reference, decodeReference(ports, reference));
      const image = (await references.get(reference)) as RawImage;
      clips.push({ reference, kind: verdict, scores: await scoresOf(ports, clip, image) });
    } catch (error) {
      failures.push({ clip, reason: error instanceof AppError ? error.message : `${error}` });
    }
    progress.show(clips.length + failures.length, listed.length, 'clips measured');
  }
  progress.end();
  return { clips, failures };
}

async function decodeReference(ports: Studio['ports'], file: string): Promise<RawImage> {
  const bytes = await readFile(file).catch((cause) => {
    throw new AppError('NOT_FOUND', `Its reference "${file}" cannot be read.`, { cause });
  });
  return ports.images.decode(bytes, { maxSide: REFERENCE_MAX_SIDE });
}

async function scoresOf(ports: Studio['ports'], clip: string, image: RawImage): Promise<ScoredClip['scores']> {
  const references = [{ assetId: 'reference', role: 'firstFrame' as const, image }];
  const { shots } = await evaluateClip(ports, { path: clip, shots: [{ startSeconds: 0, endSeconds: Number.POSITIVE_INFINITY, references }] });
  return Object.fromEntries(GATES.map((gate) => [gate.id, gate.score(shots[0])]));
}

function aboutOf(embedderId: string, clips: readonly ScoredClip[]) {
  const good = clips.filter((clip) => clip.kind === 'good');
  const references = new Set(good.map((clip) => clip.reference)).size;
  const clipsAre = `${good.length} good clips of ${references} references and ${clips.length - good.length} bad ones, judged by their owner`;
  return { embedderId, preprocessing: REFERENCE_VIEWS, date: new Date().toISOString().slice(0, 10), clipsAre };
}

function tableOf({ clipsAre, gates }: CalibrationFile): string {
  const rows = Object.values(gates).map(({ gate, better, fail, pass, auc }) => [gate, better === 'higher' ? 'under' : 'over', fail, pass, auc]);
  const lines = [['gate', 'fails', 'fail', 'pass', 'AUC'], ...rows].map((row) =>
    row
      .map((cell) => `${cell}`.padEnd(11))
      .join('')
      .trimEnd(),
  );
  return [`${clipsAre}.`, ...lines].join('\n');
}

function heldOutText(held: HeldOut): string {
  const bound = Math.round(1000 * held.goodFailRateAtMost) / 10;
  return `On references left out: ${held.goodFailed} of ${held.good} good clips fail (at most ${bound} % with 95 % confidence), ${held.goodHeldBack} are held back; ${held.badPassed} of ${held.bad} bad ones pass.`;
}
