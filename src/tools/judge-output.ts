import type { JudgedShot, Judgement } from '../film/judge.ts';
import { round } from './asset-output.ts';

/** What a model thinks of the worst frames, as results show it; shots are counted from 1. */
export type JudgeData = Omit<Judgement, 'frames'> & {
  /** Always true: no check and no verdict follows from it. */
  advisory: true;
  frames: JudgedShot[];
};

export function judgeOutput({ frames, ...judgement }: Judgement): JudgeData {
  return { ...judgement, advisory: true, frames: frames.map((frame) => ({ ...frame, shot: frame.shot + 1, atSeconds: round(frame.atSeconds, 2) })) };
}

/** The same as lines of text. */
export function judgeText(judgement: Judgement): string {
  const { model, frames, problem } = judgeOutput(judgement);
  const lines = frames.flatMap(({ shot, atSeconds, referenceId, answers }) => [
    `- shot ${shot} at ${atSeconds} s${referenceId ? ` beside ${referenceId}` : ''}:`,
    ...answers.map(({ question, answer, because }) => `  - ${question} ${answer.toUpperCase()}${because ? ` ("${because}")` : ''}`),
  ]);
  const failed = problem === undefined ? [] : [`- Not all was answered: ${problem}`];
  return [`What ${model} thinks of the worst frames (a model's opinion, quoted; no verdict follows from it):`, ...lines, ...failed].join('\n');
}
