import { describe, expect, it } from 'vitest';
import { type CameraPlan, readCamera } from '../../src/adapters/local/animatic/camera.ts';

describe('reading the camera from a prompt', () => {
  const cases: [string, Partial<CameraPlan>][] = [
    ['Very slow pan down from blue sky to a colorful kayak floating on turquoise water', { move: 'tilt down', speed: 'very slow', fullRange: true }],
    ['Closeup of a large seashell in the sand, gentle waves flow around the shell. Camera zoom in', { move: 'zoom in', speed: 'normal' }],
    ['camera tilt up from the road to the sky', { move: 'tilt up', fullRange: true }],
    ['A clean cinematic shot of red shoes placed under falling snow, while the environment stays silent and still', { move: 'static', notes: [] }],
    ['A cup on a table. No camera movement.', { move: 'static', notes: [] }],
    ['static camera, a busy street', { move: 'static' }],
    ['The camera stays still while people walk past', { move: 'static' }],
    ['The camera slowly pans to the left across the valley', { move: 'pan left', speed: 'slow' }],
    ['pan right quickly', { move: 'pan right', speed: 'fast' }],
    ['panning up', { move: 'tilt up' }],
    ['whip pan left to the door', { move: 'whip left', speed: 'fast', notes: [] }],
    ['The camera whips to the right', { move: 'whip right', notes: [] }],
    ['swish pan right', { move: 'whip right' }],
    ['the camera slowly orbits to the left around the statue', { move: 'orbit left', speed: 'slow', notes: [] }],
    ['orbit right around the car', { move: 'orbit right', notes: [] }],
    ['The camera arcs left around her', { move: 'orbit left' }],
    ['camera circling counterclockwise around the tower', { move: 'orbit right' }],
    ['dolly zoom in on his face', { move: 'vertigo in', notes: [] }],
    ['a slow vertigo effect on the stairs', { move: 'vertigo in', speed: 'slow' }],
    ['dolly zoom out from the door', { move: 'vertigo out', notes: [] }],
    ['handheld, a market street', { move: 'handheld', handheld: true, notes: [] }],
    ['hand-held camera, zoom in', { move: 'zoom in', handheld: true, notes: [] }],
    ['crash zoom on the clock', { move: 'zoom in', speed: 'fast' }],
    ['camera creeps forward, dolly in', { move: 'dolly in', speed: 'very slow' }],
    ['tilts down slowly to her shoes', { move: 'tilt down', speed: 'slow' }],
    ['slow zoom out from the tower', { move: 'zoom out', speed: 'slow' }],
    ['zooming slowly into the eye', { move: 'zoom in', speed: 'slow' }],
    ['Dolly in on the bag', { move: 'dolly in' }],
    ['the camera pulls back', { move: 'dolly out' }],
    ['A slow push in towards the vase', { move: 'dolly in', speed: 'slow' }],
    ['Truck left along the shelves', { move: 'truck left' }],
    ['the camera slides right', { move: 'truck right' }],
    ['Pedestal up over the wall', { move: 'pedestal up' }],
    ['crane down to street level', { move: 'pedestal down' }],
    ['camera rolls clockwise', { move: 'roll right' }],
    ['camera roll left', { move: 'roll left' }],
    ['The camera moves forward through the trees', { move: 'dolly in' }],
    ['Do not zoom in. Pan left.', { move: 'pan left' }],
    ['The camera pans from left to right across the harbour', { move: 'pan right', fullRange: true, notes: [] }],
    ['Slow pan from right to left', { move: 'pan left', speed: 'slow', notes: [] }],
    ['Pan from the left side to the right side of the room', { move: 'pan right', notes: [] }],
    ['tilt from bottom to top', { move: 'tilt up', notes: [] }],
    ['Tilt from the top of the tower to the bottom', { move: 'tilt down', notes: [] }],
    ['pan left to right', { move: 'pan right', notes: [] }],
    ['the camera glides right-to-left', { move: 'truck left' }],
    ['Zoom in on the dog in slow motion', { move: 'zoom in', speed: 'normal' }],
  ];
  for (const [prompt, expected] of cases) {
    it(`"${prompt}" is ${expected.speed ?? ''} ${expected.move}`, () => {
      expect(readCamera(prompt)).toMatchObject(expected);
    });
  }

  const noCamera = ['A frying pan on the left burner', 'a red truck left the garage', 'people roll left and right on the grass', 'A red kayak on a lake'];
  for (const prompt of noCamera) {
    it(`"${prompt}" names no camera move: a slow push-in, and a note says so`, () => {
      expect(readCamera(prompt)).toMatchObject({ move: 'zoom in', speed: 'slow', notes: [expect.stringContaining('no camera move')] });
    });
  }

  const substitutes: [string, string, RegExp][] = [
    ['the camera orbits around the statue', 'orbit right', /no direction/],
    ['360-degree orbit of the car', 'orbit right', /full circle/],
    ['whip pan to the window', 'whip right', /without a direction/],
    ['tracking shot of a runner', 'track', /tracking.*to the right/i],
    ['tracking shot of a runner, the camera follows her to the left', 'track', /to the left/i],
    ['slow zoom of a flower', 'zoom in', /no direction/],
    ['zoom in, then pan left', 'zoom in', /pan left/],
  ];
  for (const [prompt, move, note] of substitutes) {
    it(`"${prompt}" is rendered as ${move}`, () => {
      const plan = readCamera(prompt);
      expect(plan.move).toBe(move);
      expect(plan.notes.join(' ')).toMatch(note);
    });
  }

  it('names the move of the prompt that an explicit camera replaces', () => {
    expect(readCamera('pan from left to right', 'tilt up').notes).toEqual([expect.stringContaining('not the one in the prompt (pan right)')]);
    expect(readCamera('pan left', 'pan left').notes).toEqual([]);
  });

  it('lets the explicit camera win and keeps the speed words of the prompt', () => {
    expect(readCamera('very slow pan left', 'tilt up')).toMatchObject({ move: 'tilt up', speed: 'very slow' });
  });
});
