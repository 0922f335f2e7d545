// The list of clips that the eye is measured on: good ones, benign changes and each kind of defect, with the picture they are compared with.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { digest, evenly, framesOf, halfOf, referenceOf } from './quality-bases.mjs';
import { BENIGN, DEFECTS } from './quality-defects.mjs';
import { picture, resized } from './quality-pixels.mjs';
import { editedResult, labelled, objectSwapped, partPainted } from './quality-swaps.mjs';

/** For each good clip; all its frames are seen already. */
const WRONG_REFERENCES = 3;

/** Cases of one half: { id, type, good, reference: key and picture, clip: () => made file's frames | file, expect, atSeconds }. */
export function casesOf(all, half, tools, { each }) {
  const bases = [...all.i2v, ...all.real, ...all.moves].filter((base) => base.half === half);
  const moves = all.moves.filter((base) => base.half === half);
  const shuffled = [...bases].sort((a, b) => digest(a.id).compare(digest(b.id)));
  const make = caseMaker(tools);
  return [
    ...evenly(shuffled, each).map((base) => make.untouched(base)),
    ...evenly(
      shuffled.filter((base) => base.kind === 'real'),
      each,
    ).map((base) => make.untouched(base, { middle: true })),
    ...Object.keys(BENIGN).flatMap((name, i) =>
      spread(shuffled, Math.ceil(each / 4), i).map(({ base }) => make.changed(base, name, BENIGN[name], { good: true })),
    ),
    ...evenly(shuffled, Math.max(each, 2)).flatMap((base) => wrongReferences(base, shuffled).map((other) => make.against(base, other))),
    ...Object.entries(DEFECTS).flatMap(([name, change]) => {
      const count = /drift|freeze|blur|restyled/.test(name) ? Math.ceil(each / 2) : each;
      return spread(shuffled, count, 3).map(({ base, seed }) => make.changed(base, name, change, { seed, other: otherOf(base, shuffled, seed) }));
    }),
    ...spread(
      moves.filter((base) => base.donors.length > 0),
      each,
      0,
    ).map(({ base, seed }) => make.objectSwap(base, seed)),
    ...spread(moves, each, 0).map(({ base, seed }) => make.attributeSwap(base, seed)),
    ...all.triples.filter((triple) => triple.half === half).map((triple) => make.edited(triple)),
    ...spread(moves, each, 0).map(({ base, seed }) => make.logo(base, seed)),
    ...evenly(bases, Math.ceil(each / 4)).flatMap((base) => make.conformance(base)),
  ];
}

/** `count` bases, again from the start with another seed where there are fewer. */
const spread = (bases, count, from) =>
  bases.length === 0 ? [] : Array.from({ length: count }, (_, i) => ({ base: bases[(i + from) % bases.length], seed: i }));

const otherOf = (base, bases, seed) => {
  const others = bases.filter((other) => other.reference !== base.reference);
  return others[digest(`${base.id} ${seed}`)[0] % others.length];
};

function wrongReferences(base, bases) {
  const references = new Map(bases.filter((other) => other.reference !== base.reference).map((other) => [other.reference, other]));
  return [...references.values()].sort((a, b) => digest(base.id + a.id).compare(digest(base.id + b.id))).slice(0, WRONG_REFERENCES);
}

function caseMaker(tools) {
  const own = (base, options) => ({ key: `${base.id}${options?.middle ? ' middle' : ''}`, picture: () => referenceOf(base, { ...tools, ...options }) });
  const common = (base, type) => ({ type, half: base.half, group: base.reference, kind: base.kind });
  const original = (base) => (base.kind === 'i2v' ? { file: path.join(tools.data, base.file) } : { make: () => framesOf(base, tools) });
  const fromPicture = (base, alter) => async () => {
    const altered = await alter(await picture(path.join(tools.data, base.reference), 640));
    return altered && framesOf(base, { ...tools, from: altered });
  };
  return {
    untouched: (base, options) => ({
      ...{ ...common(base, options?.middle ? 'middle' : 'untouched'), id: `untouched ${own(base, options).key}`, clipId: `untouched ${base.id}` },
      ...{ good: true, reference: own(base, options), ...original(base) },
    }),
    against: (base, other) => ({
      ...{
        ...common(base, 'wrongReference'),
        id: `wrongReference ${base.id} ${other.id}`,
        clipId: `untouched ${base.id}`,
        reference: own(other),
        ...original(base),
      },
    }),
    changed: (base, type, change, { seed = 0, other, good = false }) => ({
      ...{ ...common(base, type), id: `${type} ${seed} ${base.id}`, good, reference: own(base) },
      make: async () => {
        const clip = await framesOf(base, tools);
        const size = [clip.frames[0].width, clip.frames[0].height];
        const others = other && /driftFade|insertedCut/.test(type) ? (await framesOf(other, tools)).frames : [];
        return change(clip, { seed, other: await Promise.all(others.map((frame) => resized(frame, ...size, 'cover'))) });
      },
    }),
    objectSwap: (base, seed) => {
      const donor = base.donors[seed % base.donors.length];
      const id = `objectSwap ${seed} ${base.id}`;
      return { ...common(base, 'objectSwap'), id, reference: own(base), make: fromPicture(base, (image) => objectSwapped(image, donor, { ...tools, seed })) };
    },
    attributeSwap: (base, seed) => {
      const id = `attributeSwap ${seed} ${base.id}`;
      return { ...common(base, 'attributeSwap'), id, reference: own(base), make: fromPicture(base, (image) => partPainted(image, { ...tools, seed })) };
    },
    edited: (triple) => ({
      ...{ type: 'attributeSwap', half: triple.half, group: triple.reference, kind: 'move', id: `attributeSwap ${triple.result}` },
      reference: { key: triple.reference, picture: () => picture(path.join(tools.data, triple.reference), 1024) },
      make: async () => {
        const altered = await editedResult(triple, tools.data);
        return altered && framesOf({ kind: 'move', move: 'zoom in' }, { ...tools, from: altered });
      },
    }),
    logo: (base, seed) => ({
      ...{ ...common(base, 'logo'), id: `logo ${seed} ${base.id}` },
      reference: {
        key: `logo ${seed} ${base.id}`,
        picture: async () => labelled(await picture(path.join(tools.data, base.reference), 640), { ...tools, number: 0, seed }),
      },
      make: fromPicture(base, (image) => labelled(image, { ...tools, number: 1 + (seed % 6), seed })),
    }),
    conformance: (base) => {
      const to = (type, expect, change = {}) => ({
        ...common(base, type),
        id: `${type} ${base.id}`,
        reference: own(base),
        expect,
        make: () => framesOf(base, tools),
        ...change,
      });
      return [
        to('truncated', {}, { truncate: 0.6 }),
        to('fps', { fps: 60 }),
        to('size', { width: 1920, height: 1080 }),
        to('duration', { durationSeconds: 9 }),
      ];
    },
  };
}

/** Real edits and style transfers, and their untouched sources, of both halves: too few to be split. */
export function editCases(all, tools) {
  const first = (file) => ({ key: `first ${file}`, picture: async () => (await framesOf({ kind: 'clip', file }, tools)).frames[0] });
  const at = (file) => path.join(tools.data, file);
  const types = { attri: 'attributeSwapReal', shape: 'objectSwapReal', style: 'style' };
  return [
    ...all.edits.flatMap(({ id, edit, source_video: source, edited_video: edited }) => {
      const common = { half: halfOf(source), group: source, kind: 'edit', reference: first(source) };
      return [
        { ...common, type: 'source', id: `source ${id}`, good: true, file: at(source) },
        { ...common, type: types[edit], id: `${types[edit]} ${id}`, file: at(edited) },
      ];
    }),
    ...all.styles.map(({ id, reference, file }) => ({
      ...{ type: 'style', half: halfOf(reference), group: reference, kind: 'style', id: `style ${id}`, file: at(file) },
      reference: { key: reference, picture: () => picture(at(reference), 1024) },
    })),
  ];
}

/** Moves over one photograph of an object, compared with the other photographs of it and with those of the other objects of its class. */
export function identityCases(all, tools, { clips, photos }) {
  const at = (file) => path.join(tools.data, file);
  const reference = (file) => ({ key: file, role: 'subject', picture: () => picture(at(file), 1024) });
  return all.objects.flatMap((object) =>
    evenly(object.photos, clips).flatMap((photo, i) => {
      const base = { kind: 'move', id: photo, reference: photo, half: object.half, move: i % 2 ? 'pan right' : 'zoom in' };
      const to = (type, file, other) => ({
        ...{
          type,
          half: object.half,
          group: photo,
          kind: 'identity',
          pair: `${object.name} ${other}`,
          id: `${type} ${photo} ${file}`,
          clipId: `identity ${photo}`,
        },
        ...{ reference: reference(file), make: () => framesOf(base, tools) },
      });
      const rivals = all.objects.filter((other) => other.group === object.group && other !== object);
      return [
        ...evenly(
          object.photos.filter((file) => file !== photo),
          photos,
        ).map((file) => to('sameObject', file, object.name)),
        ...rivals.flatMap((other) => evenly(other.photos, photos).map((file) => to('sameClass', file, other.name))),
      ];
    }),
  );
}

/** The first `share` of a file's bytes. */
export const cutOff = (file, share) => {
  const bytes = readFileSync(file);
  return bytes.subarray(0, Math.round(bytes.length * share));
};
