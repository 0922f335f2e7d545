import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pick, seeded, share } from './retrieval-base.mjs';

const DISTRACTORS = 20_000;
const BATCH = 500;
const SEED = 10;

/** Product names against names and descriptions (`nameAt5`), against descriptions alone (`describedAt5`), and mistyped (`typoAt5`), each among the distractors. */
export async function measureNames(base, data, say) {
  const folder = path.join(data, 'retail-demo-store');
  const products = JSON.parse(readFileSync(path.join(folder, 'captions.json'), 'utf8')).filter(({ name, description }) => name && description);
  const assets = new Map();
  for (const product of products) assets.set(product, await base.add(path.join(folder, product.file), 'products'));
  const idOf = {
    named: await fill(base, 'named', assets, ({ name, description }) => `${name}. ${description}`),
    described: await fill(base, 'described', assets, ({ description }) => description),
  };
  const random = seeded(SEED);
  const found = { nameAt5: [], describedAt5: [], typoAt5: [] };
  const isFirst5 = async (collection, query, product) => {
    const { hits } = await base.search({ collection, query, limit: 5 });
    return hits.some(({ asset }) => asset.id === idOf[collection].get(product));
  };
  for (const product of products) {
    const mistyped = withTypo(random, product.name);
    found.nameAt5.push(await isFirst5('named', product.name, product));
    found.describedAt5.push(await isFirst5('described', product.name, product));
    found.typoAt5.push(await isFirst5('named', mistyped, product));
    if (!found.typoAt5.at(-1)) say(`not in the first 5: "${mistyped}"`);
  }
  const figures = Object.fromEntries(Object.entries(found).map(([name, list]) => [name, share(list)]));
  say(`product names among ${DISTRACTORS} distractors: ${JSON.stringify(figures)}`);
  return { ...figures, products: products.length, distractors: DISTRACTORS };
}

/**
 * The products with captions, and the distractors. Those have captions made of the same words: a name of two to five words, where the
 * products have one, and a description of six to fourteen; what is seen in them is that of one of the pictures.
 */
async function fill(base, collection, assets, captionOf) {
  const products = [...assets.keys()];
  const copies = products.map((product, i) => ({
    ...assets.get(product),
    id: `img_${collection}p${i}`,
    collection,
    caption: captionOf(product),
    captionOrigin: 'given',
  }));
  await base.ports.catalog.upsert(
    copies.map((asset) => ({ asset })),
    base.ports.embedder.id,
  );
  const random = seeded(SEED);
  const words = (texts) => texts.join(' ').match(/[\p{L}\p{N}'-]+/gu);
  const ofNames = words(products.map(({ name }) => name));
  const ofDescriptions = words(products.map(({ description }) => description));
  const some = (list, least, most) => Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, () => pick(random, list)).join(' ');
  for (let start = 0; start < DISTRACTORS; start += BATCH) {
    const entries = Array.from({ length: Math.min(BATCH, DISTRACTORS - start) }, (_, i) => {
      const picture = pick(random, copies);
      const name = `d${String(start + i).padStart(5, '0')}`;
      const description = some(ofDescriptions, 6, 14);
      const caption = collection === 'named' ? `${some(ofNames, 2, 5)}. ${description}` : description;
      return { asset: { ...picture, id: `img_${collection}${name}`, sha256: name.padEnd(64, '0'), name, source: 'bench', caption, captionOrigin: 'given' } };
    });
    await base.ports.catalog.upsert(entries, base.ports.embedder.id);
  }
  return new Map(products.map((product, i) => [product, copies[i].id]));
}

/** One letter of one word of at least four letters left out, doubled, changed or swapped with the next. */
function withTypo(random, name) {
  const words = name.split(' ');
  const at = pick(
    random,
    words.map((word, index) => (/\p{L}{4,}/u.test(word) ? index : -1)).filter((index) => index >= 0),
  );
  for (;;) {
    const letters = [...words[at]];
    const i = 1 + Math.floor(random() * (letters.length - 2));
    const kind = Math.floor(random() * 4);
    if (kind === 0) letters.splice(i, 1);
    if (kind === 1) letters.splice(i, 0, pick(random, [...'abcdefghijklmnopqrstuvwxyz']));
    if (kind === 2) letters[i] = pick(random, [...'abcdefghijklmnopqrstuvwxyz']);
    if (kind === 3) [letters[i], letters[i + 1]] = [letters[i + 1], letters[i]];
    const mistyped = letters.join('');
    if (mistyped !== words[at]) return words.with ? words.with(at, mistyped).join(' ') : words.map((word, index) => (index === at ? mistyped : word)).join(' ');
  }
}
