import type { VideoInfo } from '../ports/pictures.ts';
import type { Check, Conformance, Expectation } from './report.ts';
import { rounded } from './statistics.ts';

/** Missing frames that containers are known to announce without a defect: encoders' delay at the ends. */
const MISSING_FRAMES_ALLOWED = 2;
/** 23.976 against 24 is 0.1 %, so rates closer than 0.5 % are the same. */
const FPS_TOLERANCE = 0.005;

/** Frames under which motion, freezing and flicker cannot be told. Measured: the shortest clip that the checks were tried on has 8. */
const FEWEST_FRAMES = 8;

/** What the container says beside what could be decoded. */
export function describeConformance(info: VideoInfo, decoded: { frames: number; decodeErrors: number }): Conformance {
  const missing = info.frames - decoded.frames;
  return {
    ...{ codec: info.codec, pixelFormat: info.pixelFormat, width: info.width, height: info.height },
    ...{ fps: rounded(info.fps, 3), durationSeconds: rounded(info.durationSeconds, 3) },
    ...{ frames: decoded.frames, announcedFrames: info.frames, hasAudio: info.hasAudio },
    decodesToEnd: decoded.decodeErrors === 0 && missing <= Math.max(MISSING_FRAMES_ALLOWED, 0.05 * info.frames),
  };
}

/** Exact facts: decoding always, the rest where it was asked for. */
export function conformanceChecks(facts: Conformance, expect: Expectation): Check[] {
  const checks: Check[] = [decodeCheck(facts), ...(facts.frames < FEWEST_FRAMES ? [tooShort(facts.frames)] : [])];
  const { durationSeconds, width, height, fps } = expect;
  if (durationSeconds !== undefined) {
    const tolerance = Math.max(1.5 / facts.fps, 0.02 * durationSeconds);
    const holds = Math.abs(facts.durationSeconds - durationSeconds) <= tolerance;
    checks.push(fact('duration', holds, facts.durationSeconds, durationSeconds, 's'));
  }
  if (width !== undefined || height !== undefined) {
    const holds = (width ?? facts.width) === facts.width && (height ?? facts.height) === facts.height;
    checks.push(fact('size', holds, `${facts.width} x ${facts.height}`, sizeOf(width, height), 'px'));
  }
  if (fps !== undefined) checks.push(fact('fps', Math.abs(facts.fps - fps) <= FPS_TOLERANCE * fps, facts.fps, fps, 'frames/s'));
  return checks;
}

function decodeCheck(facts: Conformance): Check {
  const finding = facts.decodesToEnd
    ? `All ${facts.frames} frames decode.`
    : `The file is damaged: ${facts.frames} of ${facts.announcedFrames} announced frames decode, or some with errors.`;
  return { id: 'decode', verdict: facts.decodesToEnd ? 'pass' : 'fail', value: facts.frames, expected: facts.announcedFrames, unit: 'frames', finding };
}

function tooShort(frames: number): Check {
  const finding = `Too short to measure: ${frames === 1 ? '1 frame decodes' : `${frames} frames decode`}, and ${FEWEST_FRAMES} are needed to tell motion, freezing and flicker.`;
  return { id: 'frames', verdict: 'fail', value: frames, expected: `${FEWEST_FRAMES} or more`, unit: 'frames', finding };
}

/** A size of which one side may be open: only what was asked for is named. */
function sizeOf(width: number | undefined, height: number | undefined): string {
  if (width === undefined) return `height ${height}`;
  return height === undefined ? `width ${width}` : `${width} x ${height}`;
}

function fact(id: string, holds: boolean, value: number | string, expected: number | string, unit: string): Check {
  const finding = holds ? `The ${id} is ${value} ${unit}, as asked.` : `The ${id} is ${value} ${unit}; ${expected} was asked for.`;
  return { id, verdict: holds ? 'pass' : 'fail', value, expected, unit, finding };
}
