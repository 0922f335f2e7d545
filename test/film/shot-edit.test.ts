import { describe, expect, it } from 'vitest';
import { describeEdit, editShot } from '../../src/film/shot-edit.ts';
import type { PlannedShot } from '../../src/film/storyboard.ts';
import type { ShotEdit } from '../../src/quality/report.ts';
import { createPaidGenerator } from '../fixtures/paid-generator.mjs';

const generator = createPaidGenerator('http://127.0.0.1:9', { workDir: '/none', roles: ['firstFrame', 'lastFrame'] });
const first = { role: 'firstFrame' as const, assetId: 'img_a', sha256: 'a', objectKey: 'a.png', name: 'a' };
const shot: PlannedShot = {
  ...{ prompt: 'A dog runs fast, then a cat sleeps.', durationSeconds: 5, width: 320, height: 180, fps: 24, seed: 7 },
  ...{ references: [first], dropped: ['kept note'] },
};
const edit = (change: ShotEdit, of: Partial<PlannedShot> = {}) => editShot({ ...shot, ...of }, change, generator);

describe('an edit of a shot', () => {
  it.each<[string, ShotEdit, Partial<PlannedShot>, Partial<PlannedShot>]>([
    ['makes it shorter', { durationFactor: 0.6 }, {}, { durationSeconds: 3 }],
    ['takes another seed', { seedPlus: 1 }, {}, { seed: 8 }],
    ['takes motion words out', { removeWords: 'motion' }, {}, { prompt: 'A dog runs, then a cat sleeps.' }],
    ['takes the second scene out', { removeWords: 'scenes' }, {}, { prompt: 'A dog runs fast' }],
    ['takes flashes out', { removeWords: 'flashes' }, { prompt: 'Flickering, a strobe light in the rain' }, { prompt: 'a light in the rain' }],
    ['keeps the first sentence', { firstSentenceOnly: true }, { prompt: 'A dog. It barks! All day.' }, { prompt: 'A dog.' }],
    ['leads with a sentence', { lead: 'Calm.' }, {}, { prompt: 'Calm. A dog runs fast, then a cat sleeps.' }],
    ['holds the camera', { camera: 'static' }, { camera: 'pan left' }, { camera: 'static' }],
    ['moves a camera that nothing was said of', { defaultCamera: 'dolly in' }, {}, { camera: 'dolly in' }],
    ['ends where it begins', { addLastFrame: true }, {}, { references: [first, { ...first, role: 'lastFrame' }] }],
  ])('%s', (_, change, of, expected) => {
    const edited = edit(change, of);
    expect(edited).toEqual({ ...shot, ...of, ...expected });
    expect(describeEdit({ ...shot, ...of }, edited ?? shot)).not.toBe('');
  });

  it.each<[string, ShotEdit, Partial<PlannedShot>]>([
    ['is as short as it can be', { durationFactor: 0.6 }, { durationSeconds: 1 }],
    ['holds no such words', { removeWords: 'flashes' }, {}],
    ['holds nothing else', { removeWords: 'motion' }, { prompt: 'Fast, rapid!' }],
    ['has one sentence', { firstSentenceOnly: true }, {}],
    ['begins so already', { lead: 'A dog' }, {}],
    ['names its camera move', { defaultCamera: 'dolly in' }, { camera: 'pan left' }],
    ['names its camera move in the prompt', { defaultCamera: 'dolly in' }, { prompt: 'Slow tilt up' }],
    ['has a last frame', { addLastFrame: true }, { references: [first, { ...first, sha256: 'b', role: 'lastFrame' }] }],
    ['is text only', { addLastFrame: true }, { references: [] }],
  ])('changes nothing where it %s', (_, change, of) => expect(edit(change, of)).toBeUndefined());

  it('leaves out what the provider cannot do', () => {
    const plain = createPaidGenerator('http://127.0.0.1:9', { workDir: '/none', seed: false });
    expect(editShot(shot, { addLastFrame: true }, plain)).toBeUndefined();
    expect(editShot(shot, { seedPlus: 1 }, plain)).toBeUndefined();
  });
});
