import { describe, expect, it } from 'vitest';
import { compareTakes, GATE_NOISE, type NamedReport } from '../../src/quality/compare-takes.ts';
import { GATES } from '../../src/quality/gates.ts';
import type { Check, ShotReport, Verdict } from '../../src/quality/report.ts';

interface Made {
  verdict?: Verdict;
  flagged?: string[];
  mean?: number;
  shot?: Partial<ShotReport>;
}

function take(name: string, { verdict = 'pass', flagged = [], mean = 0.9, shot = {} }: Made = {}): NamedReport {
  const whole: ShotReport = {
    ...{ index: 0, fromSeconds: 0, toSeconds: 4, references: [{ assetId: 'img_a', role: 'firstFrame', mean, max: mean }] },
    similarity: {
      ...{ embedderId: 'e', block: 'model', frames: 16, firstFrame: 0.95, mean, max: 0.96, p10: mean, min: mean, minAtSeconds: 3 },
      ...{ lastQuarter: mean, drop: 0, fall: 0.02, fallFromSeconds: 3 },
    },
    motion: { top5Percent: 2, class: 'moderate' },
    ...{ frozenShare: 0, longestFreezeSeconds: 0, blackShare: 0, blankShare: 0, flicker: 0.1, cuts: [], sharpnessRatio: 0.9 },
    ...shot,
  };
  const checks = flagged.map((id): Check => ({ id, shot: 0, verdict: 'review', value: 0, unit: '', finding: '' }));
  return { name, report: { verdict, checks, shots: [whole] } };
}

describe('takes of a shot', () => {
  it('are compared by verdict first, and the reason says what else is better and worse', () => {
    const { better, reason, takes } = compareTakes([
      take('first', { verdict: 'review', flagged: ['flicker'], shot: { flicker: 4 } }),
      take('second', { shot: { sharpnessRatio: 0.5 } }),
    ]);
    expect(better).toBe('second');
    expect(reason).toBe('its verdict is pass, that of first review (flicker); better in flicker (0.1 against 4); worse in sharpness (0.5 against 0.9)');
    expect(takes[0]).toMatchObject({
      name: 'first',
      differences: { flicker: 3.9, sharpness: 0.4, reference: 0 },
      betterIn: ['sharpness'],
      worseIn: ['flicker'],
    });
    expect(takes[1].differences).toBeUndefined();
  });

  it('then by flagged checks, then by similarity', () => {
    expect(compareTakes([take('a', { verdict: 'review', flagged: ['tint', 'detail'] }), take('b', { verdict: 'review', flagged: ['tint'] })])).toMatchObject({
      better: 'b',
      reason: expect.stringMatching(/^1 check flagged \(tint\), against 2 checks of a \(tint, detail\)/),
    });
    expect(compareTakes([take('a', { mean: 0.84 }), take('b')])).toMatchObject({ better: 'b', reason: expect.stringMatching(/\(0.9 against 0.84\)/) });
  });

  it('that differ by no more than noise are said to be the same', () => {
    const { better, reason, takes } = compareTakes([take('a'), take('b', { mean: 0.915, shot: { flicker: 0.15 } })]);
    expect(better).toBeUndefined();
    expect(reason).toBe('no difference beyond noise between a and b');
    expect(takes[1]).toMatchObject({ betterIn: [], worseIn: [], differences: { reference: 0.015 } });
  });

  it('that are alike in all the loop looks at are told apart by the gates where these agree, and not where they do not', () => {
    const steady = take('steady', { shot: { flicker: 0.1, sharpnessRatio: 0.5 } });
    const sharp = take('sharp', { shot: { flicker: 0.9, sharpnessRatio: 0.9 } });
    expect(compareTakes([take('both', { shot: { flicker: 0.9 } }), take('steady')])).toMatchObject({
      better: 'steady',
      reason: expect.stringMatching(/better than both in flicker \(0.1 against 0.9\), and worse in nothing/),
    });
    const mixed = compareTakes([steady, sharp]);
    expect(mixed.better).toBeUndefined();
    expect(mixed.reason).toMatch(/steady is better in flicker .*, sharp in sharpness .*choose by what matters/);
  });

  it('of three name the best, or say which are worse', () => {
    const [good, same, bad] = [take('good'), take('same'), take('bad', { verdict: 'fail', flagged: ['reference'], mean: 0.4 })];
    expect(compareTakes([bad, good]).better).toBe('good');
    const { better, reason } = compareTakes([bad, good, same]);
    expect(better).toBeUndefined();
    expect(reason).toBe('no difference beyond noise between good and same. worse: bad');
  });

  it('of several shots stand for their worst one', () => {
    const [one, other] = [take('one'), take('other')];
    one.report.shots.push(...take('x', { mean: 0.7, shot: { flicker: 3 } }).report.shots);
    other.report.shots.push(...take('x', { mean: 0.8 }).report.shots);
    expect(compareTakes([one, other])).toMatchObject({ better: 'other', takes: [{ gates: { reference: 0.7, flicker: 3 } }, { gates: { reference: 0.8 } }] });
  });

  it('know the noise of every gate', () => {
    expect(Object.keys(GATE_NOISE).sort()).toEqual(GATES.map(({ id }) => id).sort());
  });
});
