import { motionAgainst } from './checks.ts';
import type { Advice, Check, Conformance, ShotEdit, ShotReport } from './report.ts';

/** Share of still steps from which a freeze is named as a cause. Measured: 79 of 79 half-frozen clips, 0 of 79 sound ones are above. */
const FREEZE_SHARE = 0.3;
/** A first frame this much above the shot's mean looks like drift, not like a wrong picture. */
const DRIFT_MARGIN = 0.1;

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
  scenes: [{ removeWords: 'scenes' }, { firstSentenceOnly: true }, ANOTHER_SEED],
  again: [ANOTHER_SEED],
} satisfies Record<string, ShotEdit[]>;

/** One likely cause and one change per finding that asks for one, the gravest first. Empty where there is nothing to change. */
export function advise(checks: readonly Check[], shots: readonly ShotReport[], facts: Conformance): Advice[] {
  const advice = checks.filter((check) => check.verdict === 'fail' && check.calibration === undefined).map((check) => conformanceAdvice(check, facts));
  for (const shot of shots) {
    const reference = checks.find((check) => check.id === 'reference' && check.shot === shot.index);
    if (reference?.verdict === 'fail' || reference?.verdict === 'review') advice.push(referenceAdvice(shot));
    advice.push(...pixelAdvice(shot, new Set(checks.filter((check) => check.shot === shot.index && check.verdict === 'review').map((check) => check.id))));
  }
  return advice;
}

function referenceAdvice(shot: ShotReport): Advice {
  const similarity = shot.similarity;
  const drifted = similarity !== undefined && similarity.firstFrame - similarity.mean > DRIFT_MARGIN && similarity.drop > 0;
  if (drifted) {
    return {
      ...{ check: 'reference', shot: shot.index, cause: 'The clip starts from the reference and drifts away from it.' },
      change: `${shot.expectedMotion === 'static' ? 'Use another seed' : 'Make the shot shorter'}, or calm the motion words; with a provider that takes one, add the reference as last frame too.`,
      edits: shot.expectedMotion === 'static' ? EDITS.driftWhereStill : EDITS.drift,
    };
  }
  return {
    ...{ check: 'reference', shot: shot.index, cause: 'The reference was not used, was cropped to another shape, or is not the picture that was meant.' },
    change:
      'Check that the shot names this picture as its first frame; say in the prompt that it shows the picture of the reference; crop or pad the picture to the shape of the video; then generate again.',
    edits: EDITS.reference,
  };
}

/** `flagged`: ids of the shot's checks that ask for a look. */
function pixelAdvice(shot: ShotReport, flagged: ReadonlySet<string>): Advice[] {
  const expected = shot.expectedMotion;
  const advice: Advice[] = [];
  const add = (check: string, cause: string, change: string, edits: ShotEdit[]) => advice.push({ check, shot: shot.index, cause, change, edits });
  const lessMotion = motionAgainst(shot.motion.class, expected) < 0;
  if ((lessMotion && shot.motion.class === 'static') || flagged.has('freeze')) {
    add(
      lessMotion ? 'motion' : 'freeze',
      'The video repeats the picture (conditional-image leakage).',
      "Name the subject's action and a camera move in the prompt; lower the image strength or raise the motion setting.",
      EDITS.stillPicture,
    );
  } else if (lessMotion) {
    add(
      'motion',
      'The motion words are weak, or the image strength is high.',
      'Put the action first in the prompt and name a camera move.',
      EDITS.littleMotion,
    );
  } else if (motionAgainst(shot.motion.class, expected) > 0) {
    add('motion', 'The prompt or the camera move asks for more motion than wanted.', 'Use calmer motion words, or the camera move "static".', EDITS.muchMotion);
  }
  if (shot.frozenShare > FREEZE_SHARE && expected !== 'static' && !lessMotion && !flagged.has('freeze')) {
    add(
      'freeze',
      `The shot stands still for ${Math.round(shot.frozenShare * 100)} % of its time.`,
      'Make the shot shorter, or use another seed.',
      EDITS.standsStill,
    );
  }
  if (shot.blackShare > 0)
    add('black', 'The shot has black frames: a fade, or a decoder or provider fault.', 'Remove "fade" from the prompt, or use another seed.', EDITS.black);
  if (flagged.has('flicker') || flagged.has('cuts'))
    add(
      'flicker',
      'The picture flashes: a strobe, or frames that do not belong together.',
      'Remove words for flashing light from the prompt, or use another seed.',
      EDITS.flashes,
    );
  else if (shot.cuts.length)
    add(
      'cuts',
      'The prompt describes several scenes in one shot.',
      'Remove "then" and scene changes from the prompt; make one shot of each scene.',
      EDITS.scenes,
    );
  return advice;
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
