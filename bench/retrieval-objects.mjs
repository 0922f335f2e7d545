import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { classicalSimilarity, classicalView } from './classical-descriptor.mjs';
import { areaUnderCurve, round } from './retrieval-base.mjs';

/** Class names of the set where the folder's name without its number is not the class (its own list: "toy", "cartoon", ...). */
const classOf = (object) =>
  object
    .replace(/\d+$/, '')
    .replace(/^poop_emoji$/, 'toy')
    .replace(/^.*_(?=toy$|cartoon$|boot$|sneaker$|plushie$)/, '');

/** The same object from another view, each photograph searched for by itself: with the collection's vectors, the descriptor and a classical baseline. */
export async function measureObjects(base, data, say) {
  const folder = path.join(data, 'dreambooth', 'dataset');
  const objects = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const photos = objects.flatMap(({ name: object }) =>
    readdirSync(path.join(folder, object))
      .filter((name) => /\.(jpe?g|png)$/i.test(name))
      .map((name) => ({ object, class: classOf(object), file: path.join(folder, object, name) })),
  );
  const idOf = await base.addAll(
    photos.map(({ file }) => file),
    'objects',
  );
  const bySearch = new Map();
  for (const photo of photos) {
    const { hits } = await base.search({ collection: 'objects', image: { imageId: idOf.get(photo.file) }, limit: photos.length });
    bySearch.set(photo, new Map(hits.map(({ asset, scores }) => [asset.id, scores.image])));
  }
  const descriptor = await base.ports.embedders.get('descriptor');
  for (const photo of photos) {
    const picture = await base.ports.images.decode(readFileSync(photo.file), { maxSide: 1024 });
    [photo.vector] = await descriptor.embedImages([picture]);
    photo.view = await classicalView(photo.file);
  }
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const own = judge(photos, (a, b) => bySearch.get(a).get(idOf.get(b.file)) ?? -1);
  const ofDescriptor = judge(photos, (a, b) => dot(a.vector, b.vector));
  const baseline = judge(photos, (a, b) => classicalSimilarity(a.view, b.view));
  for (const [name, figures] of Object.entries({ searched: own, descriptor: ofDescriptor, baseline })) say(`same object, ${name}: ${JSON.stringify(figures)}`);
  return {
    sameObjectMap: own.map,
    sameObjectAuc: own.auc,
    sameClassAuc: own.classAuc,
    sameObjectDescriptor: ofDescriptor,
    sameObjectBaseline: baseline,
    objects: { photos: photos.length, objects: objects.length },
  };
}

function judge(photos, similarity) {
  const precisions = [];
  const same = [];
  const other = [];
  const sameClass = [];
  photos.forEach((photo, at) => {
    const others = photos.filter((one) => one !== photo).map((one) => ({ one, value: similarity(photo, one) }));
    others.sort((a, b) => b.value - a.value);
    const ranks = others.flatMap(({ one }, rank) => (one.object === photo.object ? [rank + 1] : []));
    precisions.push(ranks.reduce((sum, rank, found) => sum + (found + 1) / rank, 0) / ranks.length);
    for (const { one, value } of others) {
      if (photos.indexOf(one) < at) continue;
      if (one.object === photo.object) same.push(value);
      else other.push(value);
      if (one.object !== photo.object && one.class === photo.class) sameClass.push(value);
    }
  });
  return {
    map: round(precisions.reduce((sum, value) => sum + value, 0) / precisions.length),
    auc: round(areaUnderCurve(same, other)),
    classAuc: round(areaUnderCurve(same, sameClass)),
  };
}
