import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { share } from './retrieval-base.mjs';

/** Lowest bit of the first byte of the query's sha256: a method that fits only one half of the queries shows. */
const halfOf = (query) => createHash('sha256').update(query).digest()[0] & 1;

/** Pixels alone: 108 pictures without any text. */
export async function measurePixels(base, data, say) {
  const { pictures, present, absent, unknown } = JSON.parse(readFileSync(path.join(data, 'pixel-queries.json'), 'utf8'));
  const collection = 'pixels';
  const idOf = await base.addAll(
    pictures.map((name) => path.join(data, name)),
    collection,
  );
  const nameOf = new Map(pictures.map((name) => [idOf.get(path.join(data, name)), name]));
  const first = async (query) => base.search({ collection, query, limit: 1 });
  const firsts = [];
  for (const { query, right } of present) {
    const { hits } = await first(query);
    const name = hits.length > 0 ? nameOf.get(hits[0].asset.id) : 'nothing';
    firsts.push({ query, right: right.includes(name) });
    if (!right.includes(name)) say(`"${query}" finds ${name} (${JSON.stringify(hits[0]?.scores ?? {})}${hits[0]?.weak ? ', weak' : ''})`);
  }
  const confident = [];
  for (const query of absent) {
    const { hits } = await first(query);
    confident.push(hits.length > 0 && !hits[0].weak);
    if (confident.at(-1)) say(`"${query}" is in no picture, but is found: ${JSON.stringify(hits[0].scores)}`);
  }
  const named = [];
  for (const query of unknown) named.push((await first(query)).unknownWords.includes(query));
  const at5 = await measureProductNames(base, data, collection, new Map([...nameOf].map(([id, name]) => [name, id])));
  return {
    pixelFirstHit: share(firsts.map(({ right }) => right)),
    pixelFirstHitHalves: [0, 1].map((half) => share(firsts.filter(({ query }) => halfOf(query) === half).map(({ right }) => right))),
    falseConfident: share(confident),
    unknownNamed: share(named),
    pixelNameAt5: share(at5),
    queries: { present: present.length, absent: absent.length, unknown: unknown.length, names: at5.length, pictures: pictures.length },
  };
}

/** Product names to their own picture among all: of those that the pixels cannot tell apart, all count as being before it. */
async function measureProductNames(base, data, collection, idOf) {
  const products = JSON.parse(readFileSync(path.join(data, 'retail-demo-store', 'captions.json'), 'utf8')).filter(({ name }) => name);
  const found = [];
  for (const { name, file } of products) {
    const own = idOf.get(`retail-demo-store/${file}`);
    if (own === undefined) continue;
    const { hits } = await base.search({ collection, query: name, limit: 5 });
    const seen = await base.ports.catalog.seen(collection, await base.ports.recogniser.understand(name), {}, idOf.size);
    const score = seen.find(({ id }) => id === own)?.score;
    found.push(score !== undefined && hits.some(({ asset }) => asset.id === own) && seen.filter((other) => other.score >= score).length <= 5);
  }
  return found;
}

/** Queries of the V-RAG sample, file names withheld. */
const VRAG_QUERIES = { 'red shoes': 'shoes2.jpg', building: 'building.jpg', dog: 'dog.jpg', 'purple flower': 'flower.jpg', 'straw hat bag': 'bag.jpg' };

export async function measureVideoRag(base, data, say) {
  const folder = path.join(data, 'aws-sample-video-rag', 'images');
  const collection = 'vrag';
  const files = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  const idOf = await base.addAll(
    files.map((name) => path.join(folder, name)),
    collection,
  );
  const nameOf = new Map([...idOf].map(([file, id]) => [id, path.basename(file)]));
  const firsts = [];
  for (const [query, right] of Object.entries(VRAG_QUERIES)) {
    const { hits } = await base.search({ collection, query, limit: 1 });
    firsts.push(hits.length > 0 && nameOf.get(hits[0].asset.id) === right);
    say(`V-RAG "${query}": ${nameOf.get(hits[0]?.asset.id)} ${JSON.stringify(hits[0]?.scores)}`);
  }
  const vragTable = [];
  for (const query of ['road', 'blue sky', 'aurora']) {
    const { hits, unknownWords, near } = await base.search({ collection, query, limit: 3 });
    vragTable.push({ query, hits: hits.map(({ asset, scores, weak }) => ({ picture: nameOf.get(asset.id), ...scores, weak })), unknownWords, near });
    say(`V-RAG "${query}": ${JSON.stringify(vragTable.at(-1))}`);
  }
  return { vragFirst: share(firsts), vragTable };
}
