import type { CameraMove } from '../../../ports/video.ts';

/** How fast a move is, from the words beside it; `normal` where none is given. */
export type CameraSpeed = 'very slow' | 'slow' | 'normal' | 'fast';

/** A camera move as it will be rendered. */
export interface CameraPlan {
  move: CameraMove;
  speed: CameraSpeed;
  /** The prompt names both ends ("from the road to the sky"): the move uses all the room the picture has. */
  fullRange: boolean;
  /** Sentences for the user: what was not honoured as asked. */
  notes: string[];
}

const GAP = String.raw`(?:[\s-]+(?:[a-z]+[\s-]+){0,4}?)`;
const CAMERA_BEFORE = String.raw`camera(?:[\s-]+[a-z]+){0,4}?[\s-]+`;

/** Words of camera people (film-school glossaries; Luma's and Runway's camera-term lists use the same words), each to one move. */
const MOVES: readonly (readonly [RegExp, CameraMove])[] = [
  ...directions('pan', ['pan left', 'pan right', 'tilt up', 'tilt down']),
  ...directions('tilt', ['pan left', 'pan right', 'tilt up', 'tilt down']),
  ...directions('truck', ['truck left', 'truck right', 'pedestal up', 'pedestal down'], true),
  ...directions('(?:pedestal|crane|boom|jib)', ['truck left', 'truck right', 'pedestal up', 'pedestal down']),
  ...directions(
    `(?<=${CAMERA_BEFORE})(?:mov|slid|glid|drift|track|fl(?:y|ie)|float|travel)(?:es|e|s|ing)?`,
    ['truck left', 'truck right', 'pedestal up', 'pedestal down'],
    true,
  ),
  [/\bcamera(?:\s+\w+){0,2}?\s+(?:rises|rising|ascends|lifts)\b/, 'pedestal up'],
  [/\bcamera(?:\s+\w+){0,2}?\s+(?:lowers|descends|sinks)\b/, 'pedestal down'],
  [/\b(?:zoom(?:s|ing|ed)?)(?:[\s-]+(?:slowly|gently|smoothly|quickly|further|gradually|very|slow))*[\s-]+(?:out|away|back)\b/, 'zoom out'],
  [/\bzoom(?:s|ing|ed)?(?:[\s-]+(?:slowly|gently|smoothly|quickly|further|gradually|very|slow))*[\s-]+(?:in|into|on|onto|to|towards?)\b/, 'zoom in'],
  [/\bdoll(?:y|ies|ying)(?:[\s-]+\w+ly)*[\s-]+(?:out|away|back|backwards?)\b/, 'dolly out'],
  [/\bdoll(?:y|ies|ying)(?:[\s-]+\w+ly)*[\s-]+(?:in|into|forwards?|towards?|closer)\b/, 'dolly in'],
  [/\bdoll(?:y|ies|ying)[\s-]+(?:to the[\s-]+)?left\b/, 'truck left'],
  [/\bdoll(?:y|ies|ying)[\s-]+(?:to the[\s-]+)?right\b/, 'truck right'],
  [/\bpull(?:s|ing)?(?:[\s-]+\w+ly)*[\s-]+(?:back|out|away)(?: shot)?\b/, 'dolly out'],
  [/\bpush(?:es|ing)?(?:[\s-]+\w+ly)*[\s-]+(?:in|into)\b/, 'dolly in'],
  [
    /\bcamera(?:\s+\w+){0,3}?\s+(?:moves?|moving|glides?|gliding|flies|flying|drifts?|travels?)(?:\s+\w+ly)*\s+(?:forwards?|closer|in|towards?|into)\b/,
    'dolly in',
  ],
  [/\bcamera(?:\s+\w+){0,3}?\s+(?:moves?|moving|glides?|gliding|flies|flying|drifts?|travels?)(?:\s+\w+ly)*\s+(?:back|backwards?|away|out)\b/, 'dolly out'],
  [/\b(?:camera(?:\s+\w+){0,2}?\s+|dutch\s+|^)roll(?:s|ing)?(?:[\s-]+\w+ly)*[\s-]+(?:to the[\s-]+)?(?:left|counter-?clockwise|anti-?clockwise)\b/, 'roll left'],
  [/\b(?:camera(?:\s+\w+){0,2}?\s+|dutch\s+|^)roll(?:s|ing)?(?:[\s-]+\w+ly)*[\s-]+(?:to the[\s-]+)?(?:right|clockwise)\b/, 'roll right'],
];

/** Asked for, but not rendered as named: the move that stands in and the sentence that says so. */
const SUBSTITUTES: readonly (readonly [RegExp, CameraMove, string])[] = [
  [/\b(?:dolly[\s-]zoom|vertigo (?:effect|shot)|zolly)\b/, 'zoom in', 'A dolly zoom needs depth: rendered as a plain zoom in.'],
  [
    /\borbit(?:s|ing)?\b(?! of\b)|\b(?:camera|shot)\b[^.;]{0,30}\b(?:arcs?|circles|circling|revolves)\b|\barc shot\b|\b360[- ]degree\b/,
    'dolly in',
    'An orbit needs depth: rendered as a slow push-in.',
  ],
  [
    /\btracking shot\b|\bcamera(?:\s+\w+){0,2}?\s+(?:follows|following|tracks|tracking)\b|\bfollow(?:ing)? shot\b/,
    'truck right',
    'Tracking: nothing moves in a still picture; rendered as a slow truck right.',
  ],
];

/** A move without a direction: the one that stands in and the sentence that says so. */
const UNDIRECTED: readonly (readonly [RegExp, CameraMove, string])[] = [
  [/\bwhip[\s-]pan\b/, 'pan right', 'A whip pan without a direction: rendered as a fast pan right.'],
  [
    /\b(?:panning (?:shot|camera|movement)|(?:camera|slow|smooth|gentle)\s+pans?)\b(?! of\b)/,
    'pan right',
    'The pan has no direction in the prompt: rendered to the right.',
  ],
  [
    /\b(?:slow|smooth|gentle|camera|gradual|quick|fast)\s+zoom(?:s|ing)?\b|\bzoom(?:ing)? shot\b/,
    'zoom in',
    'The zoom has no direction in the prompt: rendered as a zoom in.',
  ],
];

const STILL =
  /\b(?:static|fixed|stationary|locked(?:[\s-](?:off|down))?|still|motionless|unmoving)\s+(?:camera|shot|frame|view|tripod)\b|\b(?:no|without(?: any)?|zero)\s+(?:camera\s+)?(?:movements?|motion|moves?)\b|\bcamera\s+(?:is|stays|remains|holds|keeps|stands)?\s*(?:perfectly\s+|completely\s+|absolutely\s+|very\s+)?(?:static|still|fixed|steady|locked|stationary|motionless)\b|\bcamera\s+(?:does\s*n[o']t|never)\s+move\b|\btripod\b|\block(?:ed)?[\s-](?:off|down)\b/;
/** The scene is asked to be still: with no camera word beside it, the camera rests too. */
const STILL_SCENE = /\b(?:stays?|remains?|is|are|being|keeps?)\s+(?:\w+\s+and\s+|\w+\s+)?(?:still|static|motionless)\b|\bstill life\b/;
const NEGATED = /(?:\b(?:no|not|never|without|don'?t|doesn'?t|avoid(?:s|ing)?)\s+(?:any\s+|a\s+|the\s+)?(?:camera\s+)?)$/;
const HANDHELD = /\bhand[\s-]?held\b|\bshaky (?:cam|camera)\b/;

/**
 * Reads the camera move out of a prompt. An explicit `camera` wins; speed and range words are still read from the prompt.
 * No camera word: a slow push-in ("zoom in", slow), or static where the prompt asks for stillness; a note says so.
 * "pan up" and "pan down" mean tilts, as most people use them. Several moves: the first is rendered, a note names the rest.
 */
export function readCamera(prompt: string, camera?: CameraMove): CameraPlan {
  const text = prompt.toLowerCase().replaceAll('’', "'");
  const found = findMoves(destinationsOnly(text));
  const sentence = found[0] ? sentenceAt(text, found[0].index) : text;
  const plan: CameraPlan = { move: camera ?? 'static', speed: readSpeed(sentence), fullRange: /\bfrom\b.+\bto\b|\breveal/.test(sentence), notes: [] };
  if (HANDHELD.test(text)) plan.notes.push('Handheld shake is not rendered.');
  if (camera) return obey(plan, camera, found);
  if (found.length === 0 && STILL.test(text)) return plan;
  const first = found[0];
  if (first) return follow(plan, first, found.slice(1));
  if (STILL_SCENE.test(text)) return plan;
  return { ...plan, move: 'zoom in', speed: 'slow', fullRange: false, notes: [...plan.notes, 'The prompt names no camera move: a slow push-in was used.'] };
}

interface FoundMove {
  index: number;
  move: CameraMove;
  note?: string;
  fast?: boolean;
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
  return { ...plan, notes: [...plan.notes, ...notes, ...flatness(camera)] };
}

/** What a still picture takes away from a move. */
function flatness(move: CameraMove): string[] {
  if (move.startsWith('dolly')) return [`${move}: rendered as a zoom over one flat picture, without parallax.`];
  return /truck|pedestal/.test(move) ? [`${move}: rendered over one flat picture, without parallax.`] : [];
}

function follow(plan: CameraPlan, first: FoundMove, rest: FoundMove[]): CameraPlan {
  const dropped = [...new Set(rest.map((item) => item.move))].filter((move) => move !== first.move);
  return {
    ...plan,
    move: first.move,
    speed: first.fast ? 'fast' : plan.speed,
    notes: [
      ...plan.notes,
      ...(first.note ? [first.note] : []),
      ...(dropped.length > 0 ? [`Only the first camera move (${first.move}) is rendered; not rendered: ${dropped.join(', ')}.`] : []),
      ...flatness(first.move),
    ],
  };
}

function findMoves(text: string): FoundMove[] {
  const substituted = SUBSTITUTES.flatMap(([pattern, move, note]) => matches(text, pattern).map((index) => ({ index, move, note })));
  // "dolly zoom on" must not be read as "zoom on" as well.
  const rest = SUBSTITUTES.reduce((words, [pattern]) => words.replaceAll(new RegExp(pattern, 'g'), (match) => '_'.repeat(match.length)), text);
  const named = MOVES.flatMap(([pattern, move]) => matches(rest, pattern).map((index) => ({ index, move, fast: /whip[\s-]$/.test(rest.slice(0, index)) })));
  const undirected = UNDIRECTED.flatMap(([pattern, move, note]) =>
    matches(rest, pattern)
      .filter((index) => !named.some((item) => Math.abs(item.index - index) < 25))
      .map((index) => ({ index, move, note, fast: /^whip/.test(rest.slice(index)) })),
  );
  return [...substituted, ...named, ...undirected].sort((x, y) => x.index - y.index);
}

function matches(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(new RegExp(pattern, 'g'))].map((match) => match.index).filter((index) => !NEGATED.test(text.slice(0, index)));
}

/** `verb` with a direction up to four words later, in the order left, right, up, down. `strict`: only as an order ("truck left") or after "camera". */
function directions(verb: string, moves: [CameraMove, CameraMove, CameraMove, CameraMove], strict = false): (readonly [RegExp, CameraMove])[] {
  const before = strict
    ? String.raw`(?:(?<=${CAMERA_BEFORE})|(?<=^|[.,;:]\s*)|(?<=\b(?:slow|smooth|gentle|steady)\s+))`
    : String.raw`(?<!frying |sauce |cooking )\b`;
  const stem = `${before}${verb}(?:s|ing|ning)?${GAP}`;
  const ends = ['left(?:wards?)?', 'right(?:wards?)?', 'up(?:wards?)?', 'down(?:wards?)?'];
  return ends.map((end, index) => [new RegExp(`${stem}${end}\\b`), moves[index]] as const);
}

function sentenceAt(text: string, index: number): string {
  const start = Math.max(text.lastIndexOf('.', index), text.lastIndexOf(';', index)) + 1;
  const ends = ['.', ';'].map((mark) => text.indexOf(mark, index)).filter((at) => at >= 0);
  return text.slice(start, ends.length > 0 ? Math.min(...ends) : undefined);
}

function readSpeed(text: string): CameraSpeed {
  if (/\b(?:very|extremely|super|ultra)[\s-]+slow/.test(text) || /\bbarely\b|\bimperceptibl/.test(text)) return 'very slow';
  if (/\bslow(?:ly)?\b(?![\s-]*motion)|\bgentl[ey]\b(?!\s+(?:waves?|breeze|wind|rain|snow|light))|\bgradual|\bsubtle\b/.test(text)) return 'slow';
  if (/\b(?:fast|quick(?:ly)?|rapid(?:ly)?|swift(?:ly)?|whip)\b/.test(text)) return 'fast';
  return 'normal';
}
