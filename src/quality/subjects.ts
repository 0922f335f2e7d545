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
  /** Indices of shots in which nothing stands out. */
  unseen: number[];
}

/** Frames of a shot, those most like the subject, in which it is looked for. */
const FRAMES = 2;

/** Compares the subject across shots that name the same `subject` reference: what stands out in the frames most like it. [] where no two shots share one. */
export async function compareSubjects(
  ports: Pick<Ports, 'embedder' | 'recogniser'>,
  shots: readonly MeasuredShot[],
  options: CallOptions,
): Promise<SharedSubject[]> {
  const ids = shots.flatMap(({ seen }) => (seen?.references ?? []).flatMap(({ reference }) => (reference.role === 'subject' ? reference.assetId : [])));
  const subjects: SharedSubject[] = [];
  for (const assetId of new Set(ids)) {
    const found: { shot: number; vectors: Float32Array[] }[] = [];
    for (const shot of shots) {
      const vectors = await subjectIn(ports, shot, assetId, options);
      if (vectors) found.push({ shot: shot.report.index, vectors });
    }
    if (found.length < 2) continue;
    const visible = found.filter(({ vectors }) => vectors.length > 0);
    const pairs = visible.flatMap((a, i) =>
      visible.slice(i + 1).map((b) => ({ shots: [a.shot, b.shot] as [number, number], cosine: alike(a.vectors, b.vectors) })),
    );
    const unseen = found.filter(({ vectors }) => vectors.length === 0).map(({ shot }) => shot);
    subjects.push({ assetId, pairs: pairs.sort((a, b) => a.cosine - b.cosine), unseen });
  }
  return subjects;
}

/** `undefined` for a shot without that subject, [] where nothing stands out. */
async function subjectIn(ports: Pick<Ports, 'embedder' | 'recogniser'>, { seen }: MeasuredShot, assetId: string, options: CallOptions) {
  const own = seen?.references.find(({ reference }) => reference.role === 'subject' && reference.assetId === assetId);
  if (!seen || !own) return undefined;
  const order = seen.frames.map((frame) => ({ frame, like: matchFrame(frame, own.views).similarity })).sort((a, b) => b.like - a.like);
  const vectors = await Promise.all(order.slice(0, FRAMES).map(({ frame }) => seeSubject(ports, frame.image, options)));
  return vectors.filter((vector) => vector !== undefined);
}

const alike = (a: Float32Array[], b: Float32Array[]): number => rounded(mean(a.flatMap((one) => b.map((other) => cosine(one, other)))), 3);

/** One check of the whole clip for each subject; none where fewer than two shots show it. */
export function subjectChecks(subjects: readonly SharedSubject[]): Check[] {
  return subjects.flatMap(({ assetId, pairs, unseen }): Check[] => {
    const [worst] = pairs;
    if (!worst) return [];
    const [a, b] = worst.shots;
    const others = pairs.length > 1 ? ` (the others ${pairs[1].cosine} to ${pairs[pairs.length - 1].cosine})` : '';
    const missing = unseen.length > 0 ? ` Nothing stands out in shots ${shotNumbers(unseen.map((shot) => ({ shot })))}.` : '';
    const finding = `The subject ${assetId} is least alike in shots ${a + 1} and ${b + 1}: ${worst.cosine}${others}.${missing}`;
    return [{ id: 'subject', verdict: 'uncalibrated', value: worst.cosine, unit: 'cosine of subject with subject, least alike pair of shots', finding }];
  });
}
