import type { ShotReport, Verdict } from './report.ts';

/** Cuts that a finding gives the times of. */
const NAMED_CUTS = 5;

/** What a gate found, as a sentence for people. */
export function gateFinding(gate: string, shot: ShotReport, verdict: Verdict): string {
  const sentence = SENTENCES[gate]?.(shot, verdict) ?? '';
  return verdict === 'review' && gate !== 'reference' ? `${sentence} Look at it: few good clips have this.` : sentence;
}

type Sentence = (shot: ShotReport, verdict: Verdict) => string;

const SENTENCES: Readonly<Record<string, Sentence>> = {
  reference: (shot, verdict) => {
    const where = `Shot ${shot.index + 1}`;
    const value = shot.similarity?.mean ?? Number.NaN;
    if (verdict === 'pass') return `${where} shows its reference (${value}).`;
    if (verdict === 'review') return `${where} may not show its reference: ${value} lies between right and wrong references; look at the frames.`;
    return verdict === 'fail' ? `${where} does not show its reference (${value}).` : `${where} resembles its reference by ${value}.`;
  },
  likeness: ({ similarity }) => `The frame most like the reference resembles it by ${similarity?.max}.`,
  drift: ({ similarity: like }) =>
    like && like.fall > 0
      ? `From ${like.fallFromSeconds} s on the clip moves away from the reference: the last frames lost ${percent(like.fall)} of the similarity.`
      : 'The clip does not move away.',
  regions: ({ regions }) =>
    regions ? `The region least like the reference agrees by ${regions.agreement} (${placeOf(regions.box)}, best of the frames, ${regions.atSeconds} s).` : '',
  rendering: ({ regions }) => `Region by region the picture as a whole agrees with the reference by ${regions?.whole} at best.`,
  detail: ({ regions }) => `The patch least like the reference correlates by ${regions?.detail}.`,
  colour: ({ colour }) => `Colours and where they are agree with the reference by ${colour?.best} at best.`,
  tint: ({ colour }) => `Hue and saturation differ from the reference by ${colour?.tint} of what there is, at least.`,
  sharpness: ({ sharpnessRatio }) => `Fine detail is ${sharpnessRatio} times the reference's.`,
  freeze: (shot) =>
    shot.frozenShare === 0
      ? 'No part stands still.'
      : `Nothing moves for ${percent(shot.frozenShare)} of the time, at most ${shot.longestFreezeSeconds} s in one go${from(shot.freeze)}.`,
  blank: (shot) => (shot.blankShare ? `${percent(shot.blankShare)} of the frames show one colour only${from(shot.blank)}.` : 'No frame is black or blank.'),
  flicker: (shot) => `Brightness jitters by ${shot.flicker} % from frame to frame.`,
  cuts: ({ cuts }) => {
    if (cuts.length === 0) return 'No cut inside the shot.';
    const more = cuts.length > NAMED_CUTS ? ` and ${cuts.length - NAMED_CUTS} more` : '';
    return `Cut at ${cuts.slice(0, NAMED_CUTS).join(', ')} s${more}.`;
  },
};

function from(span: { fromSeconds: number } | undefined): string {
  return span ? `, from ${span.fromSeconds} s on` : '';
}

/** A box in words: ninths of the frame. */
function placeOf(box: { x: number; y: number; width: number; height: number }): string {
  const row = ['top', 'middle', 'bottom'][Math.min(2, Math.floor(3 * (box.y + box.height / 2)))];
  const column = ['left', 'centre', 'right'][Math.min(2, Math.floor(3 * (box.x + box.width / 2)))];
  return `${row} ${column}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
