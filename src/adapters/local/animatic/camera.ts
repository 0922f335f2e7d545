import type { CameraMove } from '../../../ports/video.ts';
import { COMPOUND_MOVES, HANDHELD, MOVES, type MoveWords, NEGATED, STILL, STILL_SCENE, UNDIRECTED } from './camera-words.ts';

/** How fast a move is, from the words beside it; `normal` where none is given. */
export type CameraSpeed = 'very slow' | 'slow' | 'normal' | 'fast';

/** A camera move as it will be rendered. */
export interface CameraPlan {
  move: CameraMove;
  speed: CameraSpeed;
  /** The prompt names both ends ("from the road to the sky"): the move uses all the room the picture has. */
  fullRange: boolean;
  /** Which way a tracking shot goes, where the prompt says it; else to the right. */
  direction?: 'left' | 'right';
  /** The move is made by hand. */
  handheld?: boolean;
  /** Sentences for the user: what was not honoured as asked. */
  notes: string[];
}

/**
 * Reads the camera move out of a prompt. An explicit `camera` wins; speed, range and "handheld" are still read from the prompt.
 * No camera word: a slow push-in ("zoom in", slow), or static where the prompt asks for stillness; a note says so.
 * "pan up" and "pan down" mean tilts, as most people use them. Several moves: the first is rendered, a note names the rest.
 */
export function readCamera(prompt: string, camera?: CameraMove): CameraPlan {
  const text = prompt.toLowerCase().replaceAll('’', "'");
  const found = findMoves(destinationsOnly(text));
  const sentence = found[0] ? sentenceAt(text, found[0].index) : text;
  const handheld = matches(text, HANDHELD).length > 0;
  const plan: CameraPlan = {
    move: camera ?? (handheld ? 'handheld' : 'static'),
    speed: readSpeed(sentence),
    fullRange: /\bfrom\b.+\bto\b|\breveal/.test(sentence),
    ...(handheld ? { handheld } : {}),
    notes: [],
  };
  if (camera) return obey(directed(plan, sentence), camera, found);
  if (found.length === 0 && STILL.test(text)) return plan;
  const first = found[0];
  if (first) return follow(directed({ ...plan, move: first.move }, sentence), first, found.slice(1));
  if (handheld || STILL_SCENE.test(text)) return plan;
  return { ...plan, move: 'zoom in', speed: 'slow', fullRange: false, notes: ['The prompt names no camera move: a slow push-in was used.'] };
}

interface FoundMove {
  index: number;
  move: CameraMove;
  note?: string | undefined;
  words: string;
}

const ENDS = { left: 'right', right: 'left', top: 'bottom', bottom: 'top', up: 'down', down: 'up' } as const;
const WORD_OF: Record<string, string> = { top: 'up', bottom: 'down' };
const FROM_TO =
  /\b(left|right|top|bottom|up|down)(?:[\s-]+(?:hand[\s-]+)?(?:side|edge|end|corner))?(?:\s+of\s+(?:the\s+)?\w+)?[\s-]+to[\s-]+(?:the\s+|its\s+)?(left|right|top|bottom|up|down)\b/g;

/** "From left to right" goes right: the start is blanked, so that only the destination is read. Positions in the text stay. */
function destinationsOnly(text: string): string {
  return text.replaceAll(FROM_TO, (match, from: keyof typeof ENDS, to: string) => (ENDS[from] === to ? (WORD_OF[to] ?? to).padStart(match.length) : match));
}

/** A given move wins over the prompt's; a note says which are not rendered. */
function obey(plan: CameraPlan, camera: CameraMove, found: FoundMove[]): CameraPlan {
  const others = [...new Set(found.map(({ move }) => move))].filter((move) => move !== camera);
  const notes = others.length > 0 ? [`The given camera move (${camera}) is rendered, not the one in the prompt (${others.join(', ')}).`] : [];
  return { ...plan, notes: [...plan.notes, ...notes, ...assumptions(plan)] };
}

function follow(plan: CameraPlan, first: FoundMove, rest: FoundMove[]): CameraPlan {
  const dropped = [...new Set(rest.map((item) => item.move))].filter((move) => move !== first.move);
  const notes = [
    ...plan.notes,
    ...(first.note ? [first.note] : []),
    ...(/360|full circle|all the way around/.test(first.words) ? ['A full circle is not possible over one picture: a short arc is rendered.'] : []),
    ...(dropped.length > 0 ? [`Only the first camera move (${first.move}) is rendered; not rendered: ${dropped.join(', ')}.`] : []),
    ...assumptions(plan),
  ];
  return { ...plan, notes };
}

/** What one still picture takes away from a move. */
function assumptions({ move, direction }: CameraPlan): string[] {
  if (move !== 'track') return [];
  return [`Tracking: nothing moves in a still picture; the subject is held while its surroundings pass (camera to the ${direction ?? 'right'}).`];
}

function directed(plan: CameraPlan, sentence: string): CameraPlan {
  if (plan.move !== 'track') return plan;
  const words = [...destinationsOnly(sentence).matchAll(/\b(left|right)(?:wards?)?\b/g)].map((match) => match[1]);
  return words.length > 0 ? { ...plan, direction: words[0] === 'left' ? 'left' : 'right' } : plan;
}

function findMoves(text: string): FoundMove[] {
  const compound: FoundMove[] = [];
  let rest = text;
  for (const words of COMPOUND_MOVES) {
    compound.push(...look(rest, words));
    // "dolly zoom in" must not be read as "zoom in" as well.
    rest = rest.replaceAll(new RegExp(words[0], 'g'), (match) => '_'.repeat(match.length));
  }
  const named = MOVES.flatMap((words) => look(rest, words));
  const undirected = UNDIRECTED.flatMap((words) => look(rest, words)).filter((item) => !named.some((other) => Math.abs(other.index - item.index) < 25));
  return [...compound, ...named, ...undirected].sort((x, y) => x.index - y.index);
}

function look(text: string, [pattern, move, note]: MoveWords): FoundMove[] {
  return matches(text, pattern).map((index) => ({ index, move, note, words: text.slice(index, index + 60) }));
}

function matches(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(new RegExp(pattern, 'g'))].map((match) => match.index).filter((index) => !NEGATED.test(text.slice(0, index)));
}

function sentenceAt(text: string, index: number): string {
  const start = Math.max(text.lastIndexOf('.', index), text.lastIndexOf(';', index)) + 1;
  const ends = ['.', ';'].map((mark) => text.indexOf(mark, index)).filter((at) => at >= 0);
  return text.slice(start, ends.length > 0 ? Math.min(...ends) : undefined);
}

function readSpeed(text: string): CameraSpeed {
  if (/\b(?:very|extremely|super|ultra)[\s-]+slow/.test(text) || /\bbarely\b|\bimperceptibl|\bcreep(?:s|ing)?\b/.test(text)) return 'very slow';
  if (/\bslow(?:ly)?\b(?![\s-]*motion)|\bgentl[ey]\b(?!\s+(?:waves?|breeze|wind|rain|snow|light))|\bgradual|\bsubtl[ey]\b|\bleisurely\b/.test(text))
    return 'slow';
  if (/\b(?:fast|quick(?:ly)?|rapid(?:ly)?|swift(?:ly)?|brisk(?:ly)?|sudden(?:ly)?|whip|swish|crash zoom)\b/.test(text)) return 'fast';
  return 'normal';
}
