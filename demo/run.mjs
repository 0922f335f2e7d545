import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { connect, ToolError } from './client.mjs';
import { drawScenes } from './draw-scenes.mjs';
import { renderPage } from './page.mjs';
import { SCENES } from './scenes/index.mjs';
import { anonymise, DEFAULT_OUT, makeEmpty, PHOTOGRAPHS, picturesIn, ROOT } from './sources.mjs';
import { DemoFailure, evaluateStep, generateStep, ingestAll, inpaintStep, refusalStep, searchStep, sha256Of, wrongReferenceStep } from './steps.mjs';
import { bad, bold, dim, heading, line, progress } from './terminal.mjs';

/**
 * The whole loop, driven from outside by an MCP client: ingest, search, in-paint, generate, wait, evaluate.
 * `npm run demo` tells it with this project's scenes and nine photographs; `npm run demo -- --images DIR [--query WORDS]...` with a folder of yours.
 */
const CLI = path.join(ROOT, 'dist', 'cli.js');

const FILMS = [
  { label: 'Kayak', prompt: 'Very slow pan down from blue sky to a colorful kayak floating on turquoise water', query: 'kayak' },
  { label: 'Seashell', prompt: 'Closeup of a large seashell in the sand, gentle waves flow around the shell. Camera zoom in', query: 'seashell' },
  { label: 'Road', prompt: 'camera tilt up from the road to the sky', query: 'road' },
  {
    label: 'Red shoes',
    prompt: 'A clean cinematic shot of red shoes placed under falling snow, while the environment stays silent and still',
    query: 'red shoes',
  },
];

/** Camera moves for the films of an own folder, one after the other. */
const MOVES = [
  (words) => `Slow zoom in on the ${words}`,
  (words) => `Slow pan right across the ${words}`,
  (words) => `Camera tilt up over the ${words}`,
  (words) => `Slow zoom out from the ${words}`,
];

async function ownStory(context, { scenes, photographs }) {
  heading('Ingest');
  const demo = await ingestAll(context, scenes, 'demo');
  const photos = await ingestAll(context, photographs, 'photographs');
  const of = (file) => demo.find((scene) => scene.file === file);

  heading('Search');
  const is = (file) => (hit) => hit.id === of(file).asset.id;
  await searchStep(context, {
    collection: 'demo',
    label: 'red shoes',
    query: 'red shoes',
    note: 'words of the caption, and seen in the picture',
    isRight: is('red-shoes'),
  });
  await searchStep(context, {
    collection: 'demo',
    label: 'building',
    query: 'building',
    note: 'words of the caption, and seen in the picture',
    isRight: is('towers'),
  });
  const found = {};
  for (const { finds, sha256 } of photos.filter(({ finds }) => finds)) {
    const isRight = async (hit) => (await sha256Of(hit.path)) === sha256;
    found[finds] = await searchStep(context, {
      collection: 'photographs',
      label: finds,
      query: finds,
      note: 'no caption, no telling name: found from the pixels alone',
      isRight,
    });
  }
  await searchStep(context, {
    collection: 'demo',
    label: 'like: the seashell',
    imageId: of('seashell').asset.id,
    note: 'by one of the pictures: the most similar others',
  });

  heading('In-paint');
  const littered = demo.find(({ remove }) => remove);
  await inpaintStep(context, { picture: littered, ...littered.remove });

  heading('Generate');
  const films = await generateStep(context, [
    ...FILMS.map((film) => ({ ...film, collection: 'demo', foundBy: `retrieved by “${film.query}”` })),
    {
      label: 'Mountain',
      prompt: 'Slow zoom in on the mountain, snow falling',
      collection: 'photographs',
      imageId: found.mountain.id,
      foundBy: 'the photograph that the search for “mountain” found',
    },
  ]);

  heading('Evaluate');
  await evaluateStep(context, films, [...demo, ...photos]);
  await wrongReferenceStep(
    context,
    films.find(({ label }) => label === 'Red shoes'),
    of('dog'),
  );

  heading('Refuse');
  await refusalStep(context, 'demo', demo);
}

/** The words that were seen with most certainty, one per picture. */
function queriesFrom(pictures) {
  const best = pictures.flatMap(({ asset }) => {
    const [top] = Object.entries(asset.seen).sort((a, b) => b[1] - a[1]);
    return top ? [{ word: top[0], probability: top[1] }] : [];
  });
  best.sort((a, b) => b.probability - a.probability);
  return [...new Set(best.map(({ word }) => word))].slice(0, 4);
}

async function folderStory(context, { pictures, queries }) {
  heading('Ingest');
  const kept = await ingestAll(context, pictures, 'pictures');
  if (kept.length === 0) throw new DemoFailure('None of the pictures could be ingested.');
  for (const { asset } of kept)
    line(
      dim(
        `${asset.name}: ${
          Object.entries(asset.seen)
            .map(([word, p]) => `${word} ${p}`)
            .join(', ') || 'nothing certain'
        }`,
      ),
    );
  const words = queries.length > 0 ? queries : queriesFrom(kept);
  if (words.length === 0) throw new DemoFailure('Nothing certain was seen in these pictures; say what to look for with --query WORDS.');

  heading('Search');
  const shots = [];
  for (const [index, query] of words.entries()) {
    const hit = await searchStep(context, {
      collection: 'pictures',
      label: query,
      query,
      note: 'no caption, and the server saw names that say nothing: found from the pixels alone',
    });
    if (hit)
      shots.push({
        label: query,
        prompt: MOVES[index % MOVES.length](query),
        collection: 'pictures',
        imageId: hit.id,
        foundBy: `first hit for “${query}”${hit.weak ? ' (a weak one)' : ''}`,
      });
  }
  await searchStep(context, {
    collection: 'pictures',
    label: `like: ${kept[0].asset.name}`,
    imageId: kept[0].asset.id,
    note: 'by one of the pictures: the most similar others',
  });
  if (shots.length === 0) throw new DemoFailure('None of the queries found a picture.');

  heading('Generate');
  const films = await generateStep(context, shots);
  heading('Evaluate');
  await evaluateStep(context, films, kept);
  const used = new Set(films.map(({ imageId }) => imageId));
  const other = kept.find(({ asset }) => !used.has(asset.id)) ?? kept.find(({ asset }) => asset.id !== films[0].imageId);
  if (other) await wrongReferenceStep(context, films[0], other);
  heading('Refuse');
  await refusalStep(context, 'pictures', kept);
}

async function main() {
  const { values } = parseArgs({
    options: {
      images: { type: 'string' },
      query: { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: DEFAULT_OUT },
    },
  });
  if (!existsSync(CLI)) throw new DemoFailure('dist/cli.js is not there: run `npm run build` first (npm run demo does).');
  const out = path.resolve(values.out);
  const folder = values.images && path.resolve(values.images);
  if (values.query.length > 0 && !folder) throw new DemoFailure('--query goes with --images DIR.');
  if (folder && !existsSync(folder)) throw new DemoFailure(`There is no folder ${folder}.`);
  await makeEmpty(out);
  await mkdir(path.join(out, 'media'));

  const started = performance.now();
  const story = { mode: folder ? 'folder' : 'project', collections: [], skipped: [], searches: [], films: [], node: process.version };
  const [sceneFolder, photoFolder] = [path.join(out, 'scenes'), path.join(out, 'photos')];
  const sources = folder ? await picturesIn(folder) : PHOTOGRAPHS;
  const photographs = await anonymise(sources, photoFolder);
  const scenes = folder ? [] : await drawAll(sceneFolder);
  const session = await connect({ cli: CLI, home: path.join(out, 'data'), folders: folder ? [photoFolder] : [sceneFolder, photoFolder] });
  line(dim(`${session.server.name} ${session.server.version} over stdio: ${session.tools.join(', ')}`));
  story.server = session.server;
  story.tools = session.tools;
  try {
    const context = { session, out, story, titles: new Map() };
    if (folder) await folderStory(context, { pictures: photographs, queries: values.query });
    else await ownStory(context, { scenes, photographs });
  } catch (error) {
    const complaints = session.complaints().trim();
    if (complaints) line(dim(`The server's last words:\n${complaints}`));
    throw error;
  } finally {
    await session.close();
  }
  story.seconds = (performance.now() - started) / 1000;
  const page = path.join(out, 'index.html');
  await writeFile(page, renderPage(story));
  heading(`Done in ${story.seconds.toFixed(0)} s`);
  line(`Open ${bold(pathToFileURL(page).href)}`);
}

async function drawAll(folder) {
  heading('Draw');
  const bar = progress('Draw the scenes');
  const scenes = await drawScenes(folder, (done, { file }) => bar.update(done / SCENES.length, file));
  bar.done(`${scenes.length} scenes, from 1920x1080 up`);
  return scenes;
}

try {
  await main();
} catch (error) {
  const known = error instanceof DemoFailure || error instanceof ToolError;
  bad(
    error instanceof ToolError
      ? `${error.tool}: ${error.code}: ${error.message}${error.hint ? `\n    ${error.hint}` : ''}`
      : known
        ? error.message
        : error.stack,
  );
  process.exitCode = 1;
}
