import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { CallOptions, JsonValue, Judge, JudgedFrame, Ports, RawImage } from '../ports.ts';
import type { EvaluationShot, QualityReport } from '../quality/report.ts';
import { createOnce } from './citations.ts';

/** What a model thinks of the worst frames of a clip. Advisory: it is no check, and no verdict follows from it. */
export interface Judgement {
  /** The model. */
  model: string;
  frames: JudgedShot[];
  /** Why some or all frames have no answers, for people. */
  problem?: string;
}

export interface JudgedShot {
  /** Index of the shot. */
  shot: number;
  atSeconds: number;
  /** The reference that the frame was shown beside. */
  referenceId?: string;
  answers: JudgeAnswer[];
}

export interface JudgeAnswer {
  question: string;
  answer: 'yes' | 'no' | 'unsure';
  /** The model's words, cleaned, at most 200 characters. */
  because: string;
}

/** The clip that a report is about. */
export interface JudgedClip {
  /** Absolute path. */
  path: string;
  /** As they were measured, with their prompts where these are known. */
  shots: (EvaluationShot & { prompt?: string })[];
}

/** Shots whose worst frame is shown to the judge: each is a call that is billed. */
const MOST_FRAMES = 3;
const FRAME_MAX_SIDE = 1024;
const MOST_WORDS = 200;
/** Record kind: the answers about a frame, by what was asked, so that nothing is paid for twice. */
const JUDGEMENT = 'judgement';

const BESIDE_REFERENCE = 'Is the main subject of the frame the same thing as in the reference, with the same shape, colours and markings?';
const ALONE = [
  'Is everything in the frame whole and natural, with nothing melted, doubled, missing or deformed?',
  'Is the frame free of text, logos and watermarks that do not belong to the scene?',
];
const followsPrompt = (prompt: string): string => `Does the frame show what this request asks for: "${prompt}"?`;

/**
 * Asks the configured judge fixed questions about the worst frame of the worst shots; `undefined` where none is configured. It never fails for the judge's sake:
 * what went wrong is its `problem`. CANCELLED by the signal.
 */
export async function judgeClip(ports: Ports, { path, shots }: JudgedClip, report: QualityReport, options: CallOptions): Promise<Judgement | undefined> {
  const { judge } = ports;
  if (!judge) return undefined;
  const worst = worstShots(report);
  const times = worst.map(({ atSeconds }) => atSeconds);
  const images = await ports.media.frames(path, times, { maxSide: FRAME_MAX_SIDE, ...options });
  const asked = await Promise.allSettled(
    worst.map(async ({ shot, atSeconds }, index): Promise<JudgedShot> => {
      const { references, prompt } = shots[shot];
      const reference = references.find(({ role }) => role !== 'style');
      const questions = [...(reference ? [BESIDE_REFERENCE] : []), ...ALONE, ...(prompt ? [followsPrompt(prompt)] : [])];
      const about = { frame: images[index], ...(reference ? { reference: reference.image } : {}), questions };
      return { shot, atSeconds, ...(reference ? { referenceId: reference.assetId } : {}), answers: await answersTo(ports, judge, about, options) };
    }),
  );
  if (options.signal?.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
  const problems = new Set(asked.flatMap((one) => (one.status === 'rejected' ? [problemOf(one.reason)] : [])));
  const frames = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return { model: judge.id, frames, ...(problems.size > 0 ? { problem: [...problems].join(' ') } : {}) };
}

/** The least similar frame of each of the worst shots, or its middle where there was nothing to compare with: shots with a failed check first. */
function worstShots({ shots, checks }: QualityReport): { shot: number; atSeconds: number }[] {
  const badness = (index: number): number => {
    const verdicts = checks.filter(({ shot }) => shot === index).map(({ verdict }) => verdict);
    return verdicts.includes('fail') ? 4 : verdicts.includes('review') ? 2 : 0;
  };
  return shots
    .map(({ index, fromSeconds, toSeconds, similarity }) => ({
      shot: index,
      atSeconds: similarity?.minAtSeconds ?? (fromSeconds + toSeconds) / 2,
      badness: badness(index) + (1 - (similarity?.min ?? 1)) / 2,
    }))
    .sort((a, b) => b.badness - a.badness)
    .slice(0, MOST_FRAMES)
    .map(({ shot, atSeconds }) => ({ shot, atSeconds }));
}

async function answersTo(ports: Ports, judge: Judge, about: JudgedFrame, options: CallOptions): Promise<JudgeAnswer[]> {
  const { frame, reference, questions } = about;
  const id = hashOf([judge.id, JSON.stringify(questions)], [frame, ...(reference ? [reference] : [])]);
  const known = await ports.records.get(JUDGEMENT, id);
  if (known) return (known.body as unknown as { answers: JudgeAnswer[] }).answers;
  const given = await judge.judge(about, options);
  if (!given) throw new AppError('UNSUPPORTED', 'Its content filters gave no answer.');
  const answers = given.map(({ answer, because }, index) => ({ question: questions[index], answer, because: cleanText(because, MOST_WORDS) }));
  await createOnce(ports, JUDGEMENT, id, { answers } as unknown as JsonValue);
  return answers;
}

function hashOf(texts: string[], images: RawImage[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text}\n`);
  for (const { width, height, data } of images) hash.update(`${width}x${height}\n`).update(data);
  return hash.digest('hex');
}

function problemOf(error: unknown): string {
  if (error instanceof AppError && error.code !== 'INTERNAL') return `${error.message}${error.hint ? ` ${error.hint}` : ''}`;
  console.error('the judge:', error);
  return 'The judge failed; see the server log.';
}
