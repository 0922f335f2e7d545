import { createHash } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { ToolError } from './client.mjs';
import { bad, good, line, progress } from './terminal.mjs';

/** What both stories do: each step calls tools, shows progress and returns what the page tells. `context` is `{ session, out, story, titles }`. */

/** The demo promised something that did not come out. */
export class DemoFailure extends Error {}

export const sha256Of = async (file) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
export const slug = (text) =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 48);

/** Writes a picture for the page under `media/` and returns its relative address. */
async function keep({ out }, name, source, side) {
  const file = path.join(out, 'media', `${name}.jpg`);
  if (side) await sharp(source).rotate().resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true }).jpeg({ quality: 86 }).toFile(file);
  else await writeFile(file, source);
  return `media/${name}.jpg`;
}

/** Ingests `pictures` (`{ path, caption?, tags?, title? }`) one after the other; returns them with their `asset`. A `title` is for the page only: the server sees the file's name. */
export async function ingestAll({ session, story, titles }, pictures, collection) {
  const bar = progress(`Ingest into "${collection}"`);
  const kept = [];
  for (const [index, { path: file, caption, tags, title = path.basename(file), ...rest }] of pictures.entries()) {
    try {
      const { data } = await session.call('ingest_image', { path: file, collection, ...(caption ? { caption } : {}), ...(tags ? { tags } : {}) });
      titles.set(data.asset.id, title);
      kept.push({ path: file, caption, ...rest, asset: { ...data.asset, name: title } });
      bar.update((index + 1) / pictures.length, `${title}: ${Object.keys(data.asset.seen).slice(0, 3).join(', ') || 'nothing certain'}`);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      story.skipped.push({ name: title, reason: `${error.code}: ${error.message}` });
      bar.update((index + 1) / pictures.length, `${title}: ${error.code}`);
    }
  }
  bar.done(`${kept.length} pictures${kept.length < pictures.length ? `, ${pictures.length - kept.length} refused` : ''}`);
  story.collections.push({ name: collection, pictures: kept.length, captioned: kept.some((picture) => picture.caption) });
  return kept;
}

/** One search by words or by picture (`{ query }` or `{ imageId }`); `isRight(hit)` is checked on the first hit where given. */
export async function searchStep(context, { collection, label, note, isRight, ...search }) {
  const { session, story, titles } = context;
  const { data, images } = await session.call('search_images', { collection, limit: 6, ...search });
  const hits = await Promise.all(
    data.hits.slice(0, 6).map(async (hit, index) => ({
      ...hit,
      name: titles.get(hit.id) ?? hit.name,
      thumbnail: images[index] && (await keep(context, `hit-${slug(collection)}-${slug(label)}-${index + 1}`, images[index])),
    })),
  );
  const [first] = hits;
  const scores = first ? Object.entries(first.scores).map(([name, value]) => `${name} ${value.toFixed(2)}`) : [];
  const right = first && isRight ? await isRight(first) : undefined;
  const found = first ? `${first.caption ?? first.name} (${scores.join(', ')}${first.weak ? ', weak' : ''})` : 'nothing';
  (right === false || !first ? bad : good)(`${label.padEnd(28)} → ${found}`);
  story.searches.push({ label, note, collection, hits, unknownWords: data.unknownWords, near: data.near, textSearch: data.textSearch, right });
  if (right === false)
    throw new DemoFailure(`Searching "${label}" in "${collection}" did not find the right picture first, but ${first.name} (${scores.join(', ')}).`);
  return first;
}

/** Removes what is inside `box` from a picture. */
export async function inpaintStep(context, { picture, box, what }) {
  const bar = progress('In-paint');
  const { data } = await context.session.call('inpaint_image', { imageId: picture.asset.id, boxes: [box], featherPixels: 6 }, (fraction) =>
    bar.update(fraction, what),
  );
  bar.done(`${what} removed, ${(data.changedShare * 100).toFixed(1)} % of the pixels`);
  context.story.inpaint = {
    what,
    box,
    size: [picture.asset.width, picture.asset.height],
    before: await keep(context, 'inpaint-before', picture.path, 1280),
    after: await keep(context, 'inpaint-after', data.path, 1280),
    algorithm: data.algorithm,
    changedShare: data.changedShare,
    seconds: data.seconds,
    sourceId: data.sourceId,
    id: data.imageId,
  };
}

/** Starts all `shots` (`{ label, prompt, collection, query? | imageId?, foundBy }`) and waits for them together. */
export async function generateStep({ session }, shots) {
  const bar = progress(`Generate ${shots.length} ${shots.length === 1 ? 'video' : 'videos'}`);
  const part = shots.map(() => 0);
  const show = () =>
    bar.update(part.reduce((sum, value) => sum + value, 0) / shots.length, shots.map(({ label }, i) => `${label} ${Math.round(part[i] * 100)}`).join('  '));
  const started = performance.now();
  const films = await Promise.all(
    shots.map(async (shot, index) => {
      const { prompt, collection, query, imageId } = shot;
      const { data: plan } = await session.call('generate_video', {
        prompt,
        collection,
        ...(imageId ? { imageId } : { query }),
        durationSeconds: 6,
        resolution: '720p',
        fps: 24,
      });
      const { job } = await session.waitForJob(plan.jobId, (fraction) => {
        part[index] = fraction;
        show();
      });
      part[index] = 1;
      show();
      if (job.state !== 'succeeded')
        throw new DemoFailure(`The video "${prompt}" ended as ${job.state}: ${job.message ?? job.shots[0]?.failure ?? 'no reason given'}`);
      return { ...shot, plan, job, seconds: (performance.now() - started) / 1000 };
    }),
  );
  bar.done(`${films.length} × ${films[0]?.job.video.width}x${films[0]?.job.video.height}, ${films[0]?.job.video.fps} fps`);
  return films;
}

const referenceCheck = (report) => report.checks.find(({ id }) => id === 'reference');

async function measure({ session }, args) {
  const { data: report, images } = await session.call('evaluate_video', args);
  return { report, check: referenceCheck(report), evidence: images[0] };
}

/** Evaluates each film against the picture it came from; the calibrated reference gate must pass. */
export async function evaluateStep(context, films, pictures) {
  const { story, out } = context;
  const bar = progress('Evaluate against references');
  for (const [index, film] of films.entries()) {
    const { report, check, evidence } = await measure(context, { jobId: film.job.jobId });
    const [shot] = film.job.shots;
    const reference = pictures.find(({ asset }) => asset.id === shot.referenceIds[0]);
    const name = slug(film.label);
    const clip = `${name}.mp4`;
    await copyFile(film.job.video.path, path.join(out, clip));
    const sheet = `${name}-contact-sheet.jpg`;
    await copyFile(film.job.video.contactSheetPath, path.join(out, sheet));
    story.films.push({
      ...film,
      clip,
      sheet,
      poster: await keep(context, `poster-${name}`, film.job.video.posterPath, 768),
      still: await keep(context, `still-${name}`, await cell(film.job.video.contactSheetPath, 0, 1)),
      evidence: evidence && (await keep(context, `evidence-${name}`, evidence)),
      report,
      check,
      reference: { ...reference.asset, sha256: await sha256Of(reference.path), image: await keep(context, `reference-${name}`, reference.path, 960) },
    });
    bar.update((index + 1) / films.length, `${film.label}: ${check?.value} ${check?.verdict}`);
    if (check?.verdict !== 'pass')
      throw new DemoFailure(
        `The clip "${film.prompt}" does not pass against its own reference: ${check ? `${check.value}, ${check.verdict}` : 'not measured'}.`,
      );
  }
  bar.done('all show their reference');
}

/** One frame of a contact sheet, which has 3 x 2 cells of 384 x 216 px (a time stands below each) with gaps of 12 and 48 px. */
const cell = (sheet, column, row) =>
  sharp(sheet)
    .extract({ left: 12 + column * 396, top: 12 + row * 264, width: 384, height: 216 })
    .resize(768)
    .jpeg({ quality: 84 })
    .toBuffer();

/** The counter-check: a film measured against a picture that it was not made from must fail. */
export async function wrongReferenceStep(context, film, other) {
  const { report, check, evidence } = await measure(context, { jobId: film.job.jobId, referenceIds: [other.asset.id] });
  const clear = check?.verdict === 'fail';
  (clear ? good : bad)(
    `"${film.label}" against ${other.caption ?? other.asset.name}: ${check?.value}, ${check?.verdict} (fails below ${check?.numbers.failBelow})`,
  );
  const [reference, evidenceImage] = await Promise.all([
    keep(context, 'wrong-reference', other.path, 960),
    evidence && keep(context, 'wrong-evidence', evidence),
  ]);
  context.story.wrong = {
    label: film.label,
    poster: context.story.films.find(({ job }) => job.jobId === film.job.jobId).still,
    reference,
    name: other.caption ?? other.asset.name,
    report,
    check,
    evidence: evidenceImage,
  };
  if (!clear)
    throw new DemoFailure(`A clip measured against a wrong reference should fail, but the gate says ${check?.verdict ?? 'nothing'} (${check?.value}).`);
}

/** Words that few picture folders show; the first one that is not seen in this one is asked for. */
const ABSENT = ['submarine', 'accordion', 'zebra', 'steam locomotive', 'volcano', 'pineapple', 'helicopter'];

/** A video of something that no picture shows must be refused. */
export async function refusalStep({ session, story }, collection, pictures) {
  const seen = new Set(pictures.flatMap(({ asset }) => Object.keys(asset.seen)));
  for (const word of ABSENT.filter((candidate) => !seen.has(candidate))) {
    try {
      await session.call('generate_video', { prompt: `A ${word} crosses the picture`, query: word, collection, dryRun: true });
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      good(`generate_video "${word}": refused, ${error.code}`);
      line(`    ${error.message}`);
      story.refusal = { word, collection, code: error.code, message: error.message, hint: error.hint };
      return;
    }
  }
  throw new DemoFailure('No query was refused: every word of the list is taken to be in the pictures.');
}
