import type { CameraMove } from '../../../ports/video.ts';

/** Words of a prompt and the move that they mean; with a sentence for the user where something about it was assumed. */
export type MoveWords = readonly [pattern: RegExp, move: CameraMove, note?: string];

const GAP = String.raw`(?:[\s-]+(?:[a-z]+[\s-]+){0,4}?)`;
const CAMERA_BEFORE = String.raw`camera(?:[\s-]+[a-z]+){0,4}?[\s-]+`;
const ADVERBS = String.raw`(?:[\s-]+(?:slowly|gently|smoothly|quickly|further|gradually|very|slow|\w+ly))*`;
const ORBIT = '(?:orbit(?:s|ing)?|arc(?:s|ing)?|circl(?:es|ing)|revolv(?:es|ing))';
const ORBIT_SHOT = String.raw`\borbit(?:s|ing)?\b(?! of\b)|\b(?:camera|shot)\b[^.;]{0,30}\b(?:arcs?|arcing|circles|circling|revolves|revolving)\b|\barc shot\b|\b360[- ]degree\b`;
const DOLLY_ZOOM = String.raw`(?:dolly[\s-]+zoom(?:s|ing)?|vertigo(?:[\s-]+(?:effect|shot|zoom))?|zolly)`;

/** Words of camera people (film-school glossaries; Luma's and Runway's camera-term lists use the same words), each to one move. */
export const MOVES: readonly MoveWords[] = [
  ...directions('pan', ['pan left', 'pan right', 'tilt up', 'tilt down']),
  ...directions('tilt', ['pan left', 'pan right', 'tilt up', 'tilt down']),
  ...directions('truck', ['truck left', 'truck right', 'pedestal up', 'pedestal down'], true),
  ...directions('(?:pedestal|crane|boom|jib)', ['truck left', 'truck right', 'pedestal up', 'pedestal down']),
  ...directions(
    `(?<=${CAMERA_BEFORE})(?:mov|slid|glid|drift|fl(?:y|ie)|float|travel)(?:es|e|s|ing)?`,
    ['truck left', 'truck right', 'pedestal up', 'pedestal down'],
    true,
  ),
  [/\bcamera(?:\s+\w+){0,2}?\s+(?:rises|rising|ascends|lifts)\b/, 'pedestal up'],
  [/\bcamera(?:\s+\w+){0,2}?\s+(?:lowers|descends|sinks)\b/, 'pedestal down'],
  [new RegExp(String.raw`\bzoom(?:s|ing|ed)?${ADVERBS}[\s-]+(?:out|away|back)\b`), 'zoom out'],
  [new RegExp(String.raw`\bzoom(?:s|ing|ed)?${ADVERBS}[\s-]+(?:in|into|on|onto|to|towards?)\b`), 'zoom in'],
  [/\bcrash[\s-]zoom\b/, 'zoom in'],
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

/**
 * Moves whose words contain those of others ("dolly zoom in", "whip pan left"): looked for first, and hidden from `MOVES`. Within them the
 * first that matches a place counts. Clockwise and counterclockwise are meant as seen from above.
 */
export const COMPOUND_MOVES: readonly MoveWords[] = [
  [new RegExp(String.raw`\b${DOLLY_ZOOM}${ADVERBS}[\s-]+(?:out|away|back|backwards?)\b`), 'vertigo out'],
  [new RegExp(String.raw`\b${DOLLY_ZOOM}(?:${ADVERBS}[\s-]+(?:in|into|on|onto|towards?)\b)?`), 'vertigo in'],
  [/\bwhip(?:s|ping)?(?:[\s-]+pan(?:s|ning)?)?(?:[\s-]+[a-z]+){0,3}?[\s-]+left\b/, 'whip left'],
  [/\bwhip(?:s|ping)?(?:[\s-]+pan(?:s|ning)?)?(?:[\s-]+[a-z]+){0,3}?[\s-]+right\b/, 'whip right'],
  [/\bswish[\s-]+pan(?:s|ning)?(?:[\s-]+[a-z]+){0,3}?[\s-]+left\b/, 'whip left'],
  [/\bswish[\s-]+pan(?:s|ning)?(?:[\s-]+[a-z]+){0,3}?[\s-]+right\b/, 'whip right'],
  [/\b(?:whip|swish)[\s-]+pan(?:s|ning)?\b/, 'whip right', 'A whip pan without a direction: rendered to the right.'],
  [new RegExp(String.raw`\b(?:(?<=${CAMERA_BEFORE})${ORBIT}|orbit(?:s|ing)?)${GAP}(?:left|clockwise)\b`), 'orbit left'],
  [new RegExp(String.raw`\b(?:(?<=${CAMERA_BEFORE})${ORBIT}|orbit(?:s|ing)?)${GAP}(?:right|counter-?clockwise|anti-?clockwise)\b`), 'orbit right'],
  [new RegExp(ORBIT_SHOT), 'orbit right', 'The orbit has no direction in the prompt: rendered to the right.'],
  [/\btracking shot\b|\bcamera(?:\s+\w+){0,2}?\s+(?:follows|following|tracks|tracking)\b|\bfollow(?:ing)? shot\b/, 'track'],
];

/** A move without a direction: the one that stands in and the sentence that says so. */
export const UNDIRECTED: readonly MoveWords[] = [
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

/** The camera is asked to rest. */
export const STILL =
  /\b(?:static|fixed|stationary|locked(?:[\s-](?:off|down))?|still|motionless|unmoving)\s+(?:camera|shot|frame|view|tripod)\b|\b(?:no|without(?: any)?|zero)\s+(?:camera\s+)?(?:movements?|motion|moves?)\b|\bcamera\s+(?:is|stays|remains|holds|keeps|stands)?\s*(?:perfectly\s+|completely\s+|absolutely\s+|very\s+)?(?:static|still|fixed|steady|locked|stationary|motionless)\b|\bcamera\s+(?:does\s*n[o']t|never)\s+move\b|\btripod\b|\block(?:ed)?[\s-](?:off|down)\b/;
/** The scene is asked to be still: with no camera word beside it, the camera rests too. */
export const STILL_SCENE = /\b(?:stays?|remains?|is|are|being|keeps?)\s+(?:\w+\s+and\s+|\w+\s+)?(?:still|static|motionless)\b|\bstill life\b/;
/** Ends just before a move that is not wanted. */
export const NEGATED = /(?:\b(?:no|not|never|without|don'?t|doesn'?t|avoid(?:s|ing)?)\s+(?:any\s+|a\s+|the\s+)?(?:camera\s+)?)$/;
/** Shot by hand. */
export const HANDHELD = /\bhand[\s-]?held\b|\bshaky (?:cam|camera)\b|\b(?:camera|subtle|slight|gentle)\s+shake\b/;

/** `verb` with a direction up to four words later, in the order left, right, up, down. `strict`: only as an order ("truck left") or after "camera". */
function directions(verb: string, moves: [CameraMove, CameraMove, CameraMove, CameraMove], strict = false): MoveWords[] {
  const before = strict
    ? String.raw`(?:(?<=${CAMERA_BEFORE})|(?<=^|[.,;:]\s*)|(?<=\b(?:slow|smooth|gentle|steady|fast|quick)\s+))`
    : String.raw`(?<!frying |sauce |cooking )\b`;
  const stem = `${before}${verb}(?:s|ing|ning)?${GAP}`;
  const ends = ['left(?:wards?)?', 'right(?:wards?)?', 'up(?:wards?)?', 'down(?:wards?)?'];
  return ends.map((end, index): MoveWords => [new RegExp(`${stem}${end}\\b`), moves[index]]);
}
