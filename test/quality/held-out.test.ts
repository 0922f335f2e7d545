import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCalibrationList } from '../../src/cli/calibration-list.ts';
import { calibrate, type ScoredClip } from '../../src/quality/calibrate.ts';
import { loadCalibration } from '../../src/quality/calibration.ts';
import { judgeHeldOut, requireEnough, upperBound } from '../../src/quality/held-out.ts';
import { seeded } from './frames.ts';

const about = { embedderId: 'mine.1', preprocessing: 'p', date: '2026-01-01', clipsAre: 'made up' };

/** `each` good clips and as many bad ones of each reference; a bad clip is another picture, or flickers. */
function ownClips(references: number, each: number, random = seeded(3)): ScoredClip[] {
  const noise = () => (random() - 0.5) * 0.1;
  return Array.from({ length: references * each }, (_, i) => {
    const own = { reference: 0.9 + noise(), drift: 0.05 + noise() / 2, flicker: 0.4 + noise() };
    const worse = i % 2 ? { reference: 0.4 + noise() } : { flicker: 3 + noise() };
    const reference = `r${i % references}`;
    return [
      { reference, kind: 'good' as const, scores: own },
      { reference, kind: 'bad' as const, scores: { ...own, ...worse } },
    ];
  }).flat();
}

describe('cut points from clips that are good or bad and nothing else', () => {
  const clips = ownClips(20, 10);
  const file = calibrate(clips, about);

  it('are chosen together: the whole verdict fails at most 2 % of the good clips, whatever single gates do', () => {
    const failed = (clip: ScoredClip) =>
      Object.entries(file.gates).some(([id, { better, fail }]) => {
        const score = clip.scores[id] as number;
        return better === 'higher' ? score < fail : score > fail;
      });
    const good = clips.filter((clip) => clip.kind === 'good');
    const bad = clips.filter((clip) => clip.kind === 'bad');
    expect(good.filter(failed).length / good.length).toBeLessThanOrEqual(0.02);
    expect(bad.filter(failed).length / bad.length).toBeGreaterThan(0.4);
    expect(file.gates.reference).toMatchObject({
      statistic: 'cosine, mean over frames',
      negativesAre: 'bad clips',
      positives: { n: 200 },
      negatives: { n: 200 },
    });
    expect(file.gates.sharpness).toBeUndefined();
  });

  it('are judged on the references that they were not chosen with', () => {
    const held = judgeHeldOut(clips);
    expect(held).toMatchObject({ good: 200, bad: 200 });
    expect(held.goodFailed).toBeLessThanOrEqual(4);
    expect(held.badPassed).toBeLessThan(20);
    expect(held.goodFailRateAtMost).toBe(upperBound(held.goodFailed, 200));
    // One reference whose good clips are like nothing else: only cut points that have seen it let them pass.
    const odd = clips.map((clip) => (clip.reference === 'r7' && clip.kind === 'good' ? { ...clip, scores: { ...clip.scores, flicker: 2.9 } } : clip));
    expect(judgeHeldOut(odd).goodFailed + judgeHeldOut(odd).goodHeldBack).toBeGreaterThanOrEqual(10);
  });

  it('know the interval of a rate', () => {
    expect(upperBound(0, 59)).toBeCloseTo(0.05, 2); // rule of three: 59 without one tell 5 %
    expect(upperBound(0, 149)).toBeCloseTo(0.02, 2);
    expect(upperBound(5, 100)).toBeCloseTo(0.102, 2);
  });

  it('are refused for too few clips, with how many there are and how many are needed', () => {
    requireEnough(clips);
    expect(() => requireEnough(ownClips(4, 6))).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message: expect.stringMatching(/24 good clips, at least 50 are needed; 4 references with good clips, at least 10/),
      }),
    );
    expect(() => requireEnough(clips.filter((clip) => clip.kind === 'good'))).toThrow(/0 bad clips, at least 20/);
  });
});

describe('a file of cut points of one’s own', () => {
  let folder: string;
  const at = (name: string) => path.join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vrag-calibration-'));
    await writeFile(at('own.json'), JSON.stringify(calibrate(ownClips(20, 5), about)));
    await writeFile(at('note.json'), '{"gates": []}');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is used for the embedder and views that it was made with, and none is used in its place', async () => {
    const own = await loadCalibration('mine.1', 'p', at('own.json'));
    expect(Object.keys(own)).toEqual(['reference', 'drift', 'flicker']);
    expect((await loadCalibration('mine.1', 'p')).reference).toBeUndefined();
    const again = { code: 'MISCONFIGURED', hint: expect.stringContaining('vrag-mcp calibrate') };
    await expect(loadCalibration('another.1', 'p', at('own.json'))).rejects.toMatchObject({ ...again, message: expect.stringContaining('mine.1') });
    await expect(loadCalibration('mine.1', 'other views', at('own.json'))).rejects.toMatchObject(again);
    await expect(loadCalibration('mine.1', 'p', at('note.json'))).rejects.toMatchObject(again);
    await expect(loadCalibration('mine.1', 'p', at('nothing.json'))).rejects.toMatchObject(again);
  });
});

describe('a list of clips', () => {
  let folder: string;
  const at = (...names: string[]) => path.join(folder, ...names);
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vrag-list-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const read = async (name: string, text: string) => {
    await writeFile(at(name), text);
    return readCalibrationList(at(name));
  };

  it('is read from CSV and JSON alike, paths relative to the file', async () => {
    const expected = [
      { clip: at('a, b.mp4'), reference: at('pictures', 'a.jpg'), verdict: 'good' },
      { clip: at('c "d".mp4'), reference: '/elsewhere/a.jpg', verdict: 'bad' },
    ];
    expect(await read('list.csv', '\uFEFFClip,Reference,Verdict\r\n"a, b.mp4",pictures/a.jpg,good\r\n"c ""d"".mp4",/elsewhere/a.jpg,bad\r\n')).toEqual(
      expected,
    );
    const rows = [
      { clip: 'a, b.mp4', reference: 'pictures/a.jpg', verdict: 'good' },
      { clip: 'c "d".mp4', reference: '/elsewhere/a.jpg', verdict: 'bad' },
    ];
    expect(await read('list.json', JSON.stringify(rows))).toEqual(expected);
  });

  it.each([
    ['no-verdict.csv', 'clip,reference\na.mp4,a.jpg\n', /Row 1 .*verdict/],
    ['odd-verdict.csv', 'clip,reference,verdict\na.mp4,a.jpg,good\nb.mp4,a.jpg,fine\n', /Row 2 .*verdict/],
    ['no-clip.json', '[{"reference": "a.jpg", "verdict": "good"}]', /Row 1 .*clip/],
    ['no-list.json', '{"clip": "a.mp4"}', /no list/],
  ])('%s is refused, and what is wrong is named', async (name, text, message) => {
    await expect(read(name, text)).rejects.toMatchObject({
      ...{ code: 'INVALID_INPUT', message: expect.stringMatching(message), hint: expect.stringContaining('good or bad') },
    });
  });

  it('that is not there is NOT_FOUND', async () => {
    await expect(readCalibrationList(at('nowhere'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
