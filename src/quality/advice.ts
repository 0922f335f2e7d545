import { motionAgainst } from './checks.ts';
import type { Advice, Check, Conformance, ShotEdit, ShotReport, Verdict } from './report.ts';

/** A shot is made this much shorter at a time. */
const SHORTER = 0.6;
const ANOTHER_SEED: ShotEdit = { seedPlus: 1 };

/** The edits behind each advice, first the one that its sentence begins with; the sentences are for people, these for whoever makes the next take. */
const EDITS = {
  drift: [{ durationFactor: SHORTER }, { removeWords: 'motion', lead: 'Slow, calm movement.' }, { addLastFrame: true }, ANOTHER_SEED],
  driftWhereStill: [ANOTHER_SEED, { removeWords: 'motion', camera: 'static' }, { addLastFrame: true }, { durationFactor: SHORTER }],
  reference: [{ lead: 'Exactly the picture of the reference:' }, { firstSentenceOnly: true }, ANOTHER_SEED],
  stillPicture: [{ removeWords: 'stillness', lead: 'Clear, continuous motion of the subject.', defaultCamera: 'dolly in' }, ANOTHER_SEED],
  littleMotion: [{ lead: 'Clear, continuous motion of the subject.', defaultCamera: 'dolly in' }, ANOTHER_SEED],
  muchMotion: [{ removeWords: 'motion', camera: 'static' }, { lead: 'Slow, calm movement.' }, ANOTHER_SEED],
  standsStill: [
    { durationFactor: SHORTER },
    { removeWords: 'stillness', lead: 'Clear, continuous motion of the subject.', defaultCamera: 'dolly in' },
    ANOTHER_SEED,
  ],
  black: [{ removeWords: 'fades' }, ANOTHER_SEED],
  flashes: [{ removeWords: 'flashes' }, { lead: 'Steady, even light.' }, ANOTHER_SEED],
  colours: [{ lead: 'In the colours and the light of the reference.' }, { firstSentenceOnly: true }, ANOTHER_SEED],
  repeats: [{ durationFactor: SHORTER }, ANOTHER_SEED],
  scenes: [{ removeWords: 'scenes' }, { firstSentenceOnly: true }, ANOTHER_SEED],
  again: [ANOTHER_SEED],
} satisfies Record<string, ShotEdit[]>;

/** What to say of a gate that a shot does not pass. */
interface Remedy {
  cause: string;
  change: string;
  edits: ShotEdit[];
}

/**
 * One likely cause and one change per finding that asks for one, the gravest first: facts of the file, then gates in the order of what explains
 * most, what failed before what is only to be looked at. Empty where there is nothing to change.
 */
export function advise(checks: readonly Check[], shots: readonly ShotReport[], facts: Conformance): Advice[] {
  const isFact = (check: Check) => check.verdict === 'fail' && check.calibration === undefined && !(check.id in REMEDIES);
  const advice = checks.filter(isFact).map((check) => conformanceAdvice(check, facts));
  for (const verdict of ['fail', 'review'] as const) for (const shot of shots) advice.push(...shotAdvice(shot, checks, verdict));
  for (const { loop, index } of shots) if (loop) advice.push({ check: 'loop', shot: index, ...loopRemedy(loop.periodSeconds) });
  for (const shot of shots) {
    if (motionAgainst(shot.motion.class, shot.expectedMotion) === 0 || advice.some((one) => one.shot === shot.index && one.check === 'motion')) continue;
    if (!advice.some((one) => one.shot === shot.index && one.check === 'freeze')) advice.push({ check: 'motion', shot: shot.index, ...motionRemedy(shot) });
  }
  return advice;
}

/** What explains most comes first, and what it explains is not named again. */
function shotAdvice(shot: ShotReport, checks: readonly Check[], verdict: Verdict): Advice[] {
  const own = checks.filter((check) => check.shot === shot.index);
  const flagged = own.filter((check) => check.verdict === verdict && check.id in REMEDIES).map((check) => check.id);
  const known = new Set(own.filter((check) => check.verdict === 'fail').map((check) => check.id));
  const explained = new Set(Array.from(known).flatMap((id) => EXPLAINS[id] ?? []));
  const order = Object.keys(REMEDIES).filter((id) => flagged.includes(id) && !explained.has(id));
  const told = new Set<string>();
  return order.flatMap((id) => {
    if (told.has(id)) return [];
    for (const other of EXPLAINS[id] ?? []) told.add(other);
    return [{ check: id, shot: shot.index, ...REMEDIES[id](shot) }];
  });
}

/** What follows from a finding: a cut to something else is also unlike the reference, and so on. */
const EXPLAINS: Readonly<Record<string, readonly string[]>> = {
  order: ['reference', 'likeness', 'regions', 'rendering', 'detail', 'colour', 'tint', 'drift', 'sharpness'],
  blank: ['cuts', 'drift', 'flicker'],
  cuts: ['drift', 'flicker'],
  reference: ['likeness', 'regions', 'rendering', 'detail', 'colour', 'tint', 'drift', 'sharpness'],
  freeze: ['motion', 'camera'],
  sharpness: ['detail', 'regions', 'rendering', 'likeness'],
  colour: ['tint', 'likeness', 'rendering', 'regions'],
  tint: ['likeness', 'rendering', 'regions'],
  rendering: ['likeness', 'detail'],
  likeness: ['detail'],
  regions: ['rendering', 'detail', 'likeness'],
};

const NOT_USED: Remedy = {
  cause: 'The reference was not used, was cropped to another shape, or is not the picture that was meant.',
  change:
    'Check that the shot names this picture as its first frame; say in the prompt that it shows the picture of the reference; crop or pad the picture to the shape of the video; then generate again.',
  edits: EDITS.reference,
};

const ALTERED: Remedy = {
  cause: 'Part of the picture is another thing than in the reference: an object, a material or a label was changed.',
  change:
    'Say in the prompt that it shows exactly the picture of the reference; take words for that part out of it, or in-paint the part and use another seed.',
  edits: EDITS.reference,
};

const OTHER_STYLE: Remedy = {
  cause: 'The picture is drawn otherwise than the reference all over: another style, or a model that paints everything anew.',
  change:
    'Take style words out of the prompt and say that it shows exactly the picture of the reference; if another style is wanted, set `expect.styleChange`.',
  edits: EDITS.reference,
};

const OTHER_COLOURS: Remedy = {
  cause: 'The colours are not those of the reference: style or light words, or the tone mapping of the model.',
  change: 'Take words for light, colours and style out of the prompt, or grade the clip.',
  edits: EDITS.colours,
};

/** By gate, what explains most first. */
const REMEDIES: Readonly<Record<string, (shot: ShotReport) => Remedy>> = {
  order: () => ({
    cause: 'The shots are in another order than their references, or one was made twice.',
    change: 'Put the clips in the order of the storyboard, or generate this shot again from its own reference.',
    edits: EDITS.reference,
  }),
  blank: () => ({
    cause: 'The shot has black or blank frames: a fade, or a decoder or provider fault.',
    change: 'Remove "fade" from the prompt, or use another seed.',
    edits: EDITS.black,
  }),
  cuts: (shot) => (shot.cuts.length > FLASHES ? FLASHING : SCENES),
  flicker: () => FLASHING,
  freeze: freezeRemedy,
  reference: (shot) => (fellAway(shot) ? driftRemedy(shot) : NOT_USED),
  drift: driftRemedy,
  motion: motionRemedy,
  camera: (shot) => ({
    cause: `The camera does not move as asked ("${shot.expectedCamera}"): the prompt names no move, or another one.`,
    change: `Name the move "${shot.expectedCamera}" first in the prompt, and no other.`,
    edits: [{ lead: `Camera: ${shot.expectedCamera}.` }, ANOTHER_SEED],
  }),
  sharpness: () => ({
    cause: 'The picture is softer than the reference: few steps, a small model, or upscaling.',
    change: 'Ask for more steps, a larger size or another model; or use another seed.',
    edits: EDITS.again,
  }),
  colour: () => OTHER_COLOURS,
  tint: () => OTHER_COLOURS,
  regions: redrawnRemedy,
  rendering: redrawnRemedy,
  likeness: () => ({
    cause: 'No frame looks like the reference: its style or its subject was changed.',
    change: 'Take style words out of the prompt and say that it shows exactly the picture of the reference.',
    edits: EDITS.reference,
  }),
  detail: () => ALTERED,
};

/**
 * How much less the least alike region agrees than the whole picture where one thing is another one. Chosen on the calibration half: 24 swapped
 * objects and painted-over parts .29 to .74, 20 pictures drawn otherwise all over .11 to .27.
 */
const LOCAL_FROM = 0.28;

function redrawnRemedy({ regions }: ShotReport): Remedy {
  return regions && regions.whole - regions.agreement > LOCAL_FROM ? ALTERED : OTHER_STYLE;
}

/** More cuts than scenes have: WCAG 2.2, criterion 2.3.1, allows three flashes in a second. */
const FLASHES = 3;

const FLASHING: Remedy = {
  cause: 'The picture flashes: a strobe, or frames that do not belong together.',
  change: 'Remove words for flashing light from the prompt, or use another seed.',
  edits: EDITS.flashes,
};

const SCENES: Remedy = {
  cause: 'The prompt describes several scenes in one shot.',
  change: 'Remove "then" and scene changes from the prompt; make one shot of each scene.',
  edits: EDITS.scenes,
};

/** Part of a shot that stands still from which the picture itself is what was made, and not a pause in it. */
const STILL_PICTURE = 0.9;

function freezeRemedy(shot: ShotReport): Remedy {
  if (shot.frozenShare >= STILL_PICTURE) {
    return {
      cause: 'The video repeats the picture (conditional-image leakage).',
      change: "Name the subject's action and a camera move in the prompt; lower the image strength or raise the motion setting.",
      edits: EDITS.stillPicture,
    };
  }
  return {
    cause: `The shot stands still for ${Math.round(shot.frozenShare * 100)} % of its time.`,
    change: 'Make the shot shorter, or use another seed.',
    edits: EDITS.standsStill,
  };
}

/** A best frame this much above the worst ones, more than half of what wrong pictures are away, looks like drift and not like a wrong picture. */
const DRIFT_MARGIN = 0.25;

function fellAway({ similarity }: ShotReport): boolean {
  return similarity !== undefined && similarity.fall > DRIFT_MARGIN && similarity.drop > 0;
}

function loopRemedy(periodSeconds: number): Remedy {
  return {
    cause: `The clip was made longer than the model's own length by playing ${periodSeconds} s again.`,
    change: `Make the shot no longer than ${periodSeconds} s, or use another seed.`,
    edits: EDITS.repeats,
  };
}

function driftRemedy(shot: ShotReport): Remedy {
  const still = shot.expectedMotion === 'static';
  return {
    cause: 'The clip starts from the reference and drifts away from it.',
    change: `${still ? 'Use another seed' : 'Make the shot shorter'}, or calm the motion words; with a provider that takes one, add the reference as last frame too.`,
    edits: still ? EDITS.driftWhereStill : EDITS.drift,
  };
}

function motionRemedy(shot: ShotReport): Remedy {
  if (motionAgainst(shot.motion.class, shot.expectedMotion) > 0) {
    const change = 'Use calmer motion words, or the camera move "static".';
    return { cause: 'The prompt or the camera move asks for more motion than wanted.', change, edits: EDITS.muchMotion };
  }
  if (shot.motion.class === 'static') return freezeRemedy({ ...shot, frozenShare: 1 });
  return {
    cause: 'The motion words are weak, or the image strength is high.',
    change: 'Put the action first in the prompt and name a camera move.',
    edits: EDITS.littleMotion,
  };
}

function conformanceAdvice(check: Check, facts: Conformance): Advice {
  const changes: Record<string, string> = {
    frames: `Make a longer clip, or give the whole one (this file has ${facts.frames} frames).`,
    decode: 'Fetch or export the file again; if it stays damaged, generate it again.',
    duration: `Ask for a duration that the provider offers (this clip has ${facts.durationSeconds} s).`,
    size: `Ask for a size that the provider offers (this clip has ${facts.width} x ${facts.height}).`,
    fps: `Ask for a frame rate that the provider offers (this clip has ${facts.fps}).`,
    shot: 'Generate the missing shot again, or correct the times of the shots.',
  };
  return {
    check: check.id,
    ...(check.shot === undefined ? {} : { shot: check.shot }),
    cause: check.finding,
    change: changes[check.id] ?? 'Generate it again.',
    ...(check.id === 'decode' ? { edits: EDITS.again } : {}),
  };
}
