import type { CallOptions, Ports } from '../ports.ts';
import { seeSubject } from './compare.ts';
import { matchFrame } from './reference.ts';
import type { Check } from './report.ts';
import type { MeasuredShot } from './shot.ts';
import { shotNumbers } from './shown.ts';
import { cosine } from './similarity.ts';
import { mean, rounded } from './statistics.ts';

/** One `subject` reference that several shots share, seen in each of them. Numbers that no cut point was calibrated for. */
export interface SharedSubject {
  assetId: string;
  /** Indices of two shots and the cosine of what stands out in them, least alike first. */
  pairs: { shots: [number, number]; cosine: number }[];
  /** Indices of shots in which nothing stands out: there the whole frames were compared. */
  whole: number[];
}

/** Frames of a shot, those most like the reference, in which the subject is looked for, and in how many of them it is enough to find it. */
const LOOKED_AT = 4;
const ENOUGH = 2;

type Vision = Pick<Ports, 'embedder' | 'recogniser'>;

interface Found {
  shot: number;
  vectors: Float32Array[];
  /** Nothing stands out: the vectors are those of whole frames. */
  isWhole: boolean;
}

/** Compares the subject across shots that name the same `subject` reference: what stands out in the frames most like it. [] where no two shots share one. */
export async function compareSubjects(ports: Vision, shots: readonly MeasuredShot[], options: CallOptions): Promise<SharedSubject[]> {
  const ids = shots.flatMap(({ seen }) => (seen?.references ?? []).flatMap(({ reference }) => (reference.role === 'subject' ? reference.assetId : [])));
  const subjects: SharedSubject[] = [];
  for (const assetId of new Set(ids)) {
    const found: Found[] = [];
    for (const shot of shots) {
      const one = await subjectIn(ports, shot, assetId, options);
      if (one) found.push(one);
    }
    if (found.length < 2) continue;
    const whole = found.filter(({ isWhole }) => isWhole).map(({ shot }) => shot);
    subjects.push({ assetId, pairs: pairsOf(found), whole });
  }
  return subjects;
}

function pairsOf(found: readonly Found[]): SharedSubject['pairs'] {
  const pairs = found.flatMap((a, i) =>
    found.slice(i + 1).map((b): SharedSubject['pairs'][number] => ({ shots: [a.shot, b.shot], cosine: alike(a.vectors, b.vectors) })),
  );
  return pairs.sort((a, b) => a.cosine - b.cosine);
}

/** `undefined` for a shot without that subject. */
async function subjectIn(ports: Vision, { report, seen }: MeasuredShot, assetId: string, options: CallOptions): Promise<Found | undefined> {
  const own = seen?.references.find(({ reference }) => reference.role === 'subject' && reference.assetId === assetId);
  if (!seen || !own) return undefined;
  const order = seen.frames.map((frame) => ({ frame, like: matchFrame(frame, own.views).similarity })).sort((a, b) => b.like - a.like);
  const vectors: Float32Array[] = [];
  for (const { frame } of order.slice(0, LOOKED_AT)) {
    const vector = vectors.length < ENOUGH ? await seeSubject(ports, frame.image, options) : undefined;
    if (vector) vectors.push(vector);
  }
  if (vectors.length > 0) return { shot: report.index, vectors, isWhole: false };
  return { shot: report.index, vectors: order.slice(0, ENOUGH).map(({ frame }) => frame.shows), isWhole: true };
}

const alike = (a: Float32Array[], b: Float32Array[]): number => rounded(mean(a.flatMap((one) => b.map((other) => cosine(one, other)))), 3);

/** One check of the whole clip for each subject. */
export function subjectChecks(subjects: readonly SharedSubject[]): Check[] {
  return subjects.map(({ assetId, pairs, whole }) => {
    const [worst] = pairs;
    const [a, b] = worst.shots;
    const others = pairs.length > 1 ? ` (the others ${pairs[1].cosine} to ${pairs[pairs.length - 1].cosine})` : '';
    const missing =
      whole.length > 0 ? ` Nothing stands out in shots ${shotNumbers(whole.map((shot) => ({ shot })))}: there the whole frames were compared.` : '';
    const finding = `The subject ${assetId} is least alike in shots ${a + 1} and ${b + 1}: ${worst.cosine}${others}.${missing}`;
    return { id: 'subject', verdict: 'uncalibrated', value: worst.cosine, unit: 'cosine of subject with subject, least alike pair of shots', finding };
  });
}
