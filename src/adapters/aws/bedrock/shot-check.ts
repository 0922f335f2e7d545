import { AppError } from '../../../errors.ts';
import type { ShotRequest, VideoCapabilities } from '../../../ports.ts';

/** A condition that a shot has to meet: whether it does, what it is, and what it may be. */
export type Condition = [met: boolean, is: string, possible: string];

/** INVALID_INPUT where a shot is beyond a provider's capabilities or further conditions: names the field, its value and the limit. */
export function checkShot(shot: ShotRequest, can: VideoCapabilities, further: Condition[]): void {
  const conditions: Condition[] = [
    [
      shot.durationSeconds >= can.minSeconds && shot.durationSeconds <= can.maxSeconds,
      `durationSeconds is ${shot.durationSeconds}`,
      `${can.minSeconds} to ${can.maxSeconds}`,
    ],
    [can.fps.includes(shot.fps), `fps is ${shot.fps}`, can.fps.join(' or ')],
    [shot.width >= 1 && shot.width <= can.maxWidth, `width is ${shot.width}`, `at most ${can.maxWidth}`],
    [shot.height >= 1 && shot.height <= can.maxHeight, `height is ${shot.height}`, `at most ${can.maxHeight}`],
    ...shot.references.map(({ role }): Condition => [can.roles.includes(role), `a reference has the role ${role}`, can.roles.join(', ')]),
    ...further,
  ];
  const wrong = conditions.find(([met]) => !met);
  if (wrong) throw new AppError('INVALID_INPUT', `${can.title} cannot make this shot: ${wrong[1]}.`, { hint: `Possible: ${wrong[2]}.` });
}

/** The condition on a prompt's length, in characters. */
export function promptCondition(prompt: string, limit: number): Condition {
  return [prompt.length >= 1 && prompt.length <= limit, `the prompt has ${prompt.length} characters`, `1 to ${limit} characters`];
}

/** Sentences on references whose role a provider does not take. */
export function rolesNotTaken(shot: ShotRequest, { roles, title }: VideoCapabilities): string[] {
  return shot.references.flatMap(({ role, assetId }) => (roles.includes(role) ? [] : [`${title} takes no ${role}: ${assetId} is not used.`]));
}
