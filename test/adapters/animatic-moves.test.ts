import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cutout, findCutout } from '../../src/adapters/local/animatic/cutout.ts';
import { splitLayers } from '../../src/adapters/local/animatic/layers.ts';
import { hasDepth } from '../../src/adapters/local/animatic/path.ts';
import { planScene, type RenderedShot, renderShot } from '../../src/adapters/local/animatic/shot.ts';
import { CAMERA_MOVES, type CameraMove } from '../../src/ports/video.ts';
import { blockShift, fitSimilarity, type Shift } from './animatic-flow.ts';
import { draw, HEIGHT, lumaOf, planOf, TEXTURE, texture, WIDTH } from './animatic-pictures.ts';

/** Between these frames of 48 every move is in its even middle part. */
const FRAMES = 48;
const [FROM, TO] = [22, 26];

const DETAIL = texture(480, 300);
/** An orange thing with its feet on the lower third, before a blue-grey wall. */
const BODY = { x: 240, y: 165, rx: 62, ry: 75 };
const inBody = (x: number, y: number) => ((x - BODY.x) / BODY.rx) ** 2 + ((y - BODY.y) / BODY.ry) ** 2 < 1;
const SCENE = draw(480, 300, (x, y) => {
  const grey = DETAIL.data[(y * 480 + x) * 3];
  if (!inBody(x, y)) return [grey * 0.45, grey * 0.6, grey * 0.75];
  const other = DETAIL.data[((299 - y) * 480 + ((x + 200) % 480)) * 3];
  return [Math.min(255, 110 + other * 0.6), 40 + other * 0.35, other * 0.15];
});
const SUBJECT = {
  x: (BODY.x - BODY.rx) / 480 - 0.03,
  y: (BODY.y - BODY.ry) / 300 - 0.03,
  width: (2 * BODY.rx) / 480 + 0.06,
  height: (2 * BODY.ry) / 300 + 0.06,
};

let folder: string;
let cutout: Cutout;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vrag-moves-'));
  const file = path.join(folder, 'scene.png');
  await sharp(SCENE.data, { raw: { width: 480, height: 300, channels: 3 } })
    .png()
    .toFile(file);
  const found = await findCutout(file, SCENE, SUBJECT, { folder, breathe: async () => {} });
  if (!found) throw new Error('the subject of the test picture was not found');
  cutout = found;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function planFor(move: CameraMove, direction?: 'left' | 'right') {
  const camera = { move, speed: 'normal' as const, fullRange: false, notes: [], ...(direction ? { direction } : {}) };
  return planOf(move, { frames: FRAMES, camera });
}

function flatShot(move: CameraMove): RenderedShot {
  const plan = planFor(move);
  return renderShot(plan, { source: TEXTURE, path: planScene(plan, TEXTURE).path, image: TEXTURE });
}

function layeredShot(move: CameraMove, direction?: 'left' | 'right'): RenderedShot {
  const plan = { ...planFor(move, direction), subject: SUBJECT };
  const { path: way } = planScene(plan, SCENE, true);
  return renderShot(plan, { source: SCENE, path: way, image: SCENE, layers: splitLayers(SCENE, cutout) });
}

/** A grid of places all over the frame. */
const GRID = [40, 120, 200, 280].flatMap((x) => [30, 90, 150].map((y) => ({ x, y })));

function flow(shot: RenderedShot, places: { x: number; y: number }[], frames: readonly [number, number] = [FROM, TO], range = 14) {
  const [before, after] = frames.map((index) => lumaOf(shot.draw(index)));
  return places.map(({ x, y }) => ({ x, y, shift: blockShift(before, after, x, y, { range }) }));
}

const spread = (values: number[]) => Math.max(...values) - Math.min(...values);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('moves that turn the camera or its lens: everything moves alike', () => {
  const turns: [CameraMove, 'dx' | 'dy', 1 | -1][] = [
    ['pan left', 'dx', 1],
    ['pan right', 'dx', -1],
    ['tilt up', 'dy', 1],
    ['tilt down', 'dy', -1],
  ];
  for (const [move, axis, sign] of turns) {
    it(`${move}: one shift for the whole frame, ${sign > 0 ? (axis === 'dx' ? 'to the right' : 'down') : axis === 'dx' ? 'to the left' : 'up'}`, () => {
      const shifts = flow(flatShot(move), GRID).map(({ shift }) => shift);
      const other = axis === 'dx' ? 'dy' : 'dx';
      expect(mean(shifts.map((shift) => shift[axis])) * sign).toBeGreaterThan(1);
      expect(spread(shifts.map((shift) => shift[axis]))).toBeLessThan(0.1);
      expect(Math.max(...shifts.map((shift) => Math.abs(shift[other])))).toBeLessThan(0.06);
    });
  }

  for (const [move, sign] of [
    ['zoom in', 1],
    ['zoom out', -1],
  ] as const) {
    it(`${move}: grows by a half over the shot, evenly and about the middle`, () => {
      const fit = fitSimilarity(flow(flatShot(move), GRID));
      // 1.22 is what a picture of this size leaves; the middle part of the easing runs faster than the mean.
      const { path: way } = planScene(planFor(move), TEXTURE);
      const planned = way.at(FROM / (FRAMES - 1)).width / way.at(TO / (FRAMES - 1)).width;
      expect((fit.scale - 1) * sign).toBeGreaterThan(0.01);
      expect(fit.scale).toBeCloseTo(planned, 3);
      expect(Math.abs(fit.turn)).toBeLessThan(0.001);
      expect(Math.hypot(fit.dx, fit.dy)).toBeLessThan(0.1);
    });
  }

  for (const [move, sign] of [
    ['roll left', 1],
    ['roll right', -1],
  ] as const) {
    it(`${move}: turns the picture ${sign > 0 ? 'clockwise' : 'counterclockwise'} by 9 degrees over the shot`, () => {
      const shot = flatShot(move);
      const steps = Array.from({ length: 12 }, (_, index) => fitSimilarity(flow(shot, GRID, [index * 4, Math.min(index * 4 + 4, FRAMES - 1)], 5)));
      const degrees = (steps.reduce((sum, { turn }) => sum + turn, 0) * 180) / Math.PI;
      expect(degrees * sign).toBeCloseTo(9, 0);
      for (const { scale } of steps) expect(Math.abs(scale - 1)).toBeLessThan(0.004);
    });
  }

  for (const [move, sign] of [
    ['whip left', 1],
    ['whip right', -1],
  ] as const) {
    it(`${move}: rests, swings the picture ${sign > 0 ? 'right' : 'left'} with motion blur, rests`, () => {
      const shot = flatShot(move);
      const rest = flow(shot, GRID, [0, 4]).map(({ shift }) => Math.hypot(shift.dx, shift.dy));
      expect(Math.max(...rest)).toBeLessThan(0.02);
      const { path: way } = planScene(planFor(move), TEXTURE);
      const speed = Math.abs(way.at(24 / 47).x - way.at(23 / 47).x);
      expect(speed).toBeGreaterThan(4);
      // The content that was in the middle is found on the side that it was swung to.
      const swung = way.at(1).x - way.at(0).x;
      expect(swung * sign).toBeLessThan(-40);
      const sharpness = (index: number) => {
        const luma = lumaOf(shot.draw(index));
        return luma.reduce((sum, value, at) => (at % WIDTH === 0 ? sum : sum + Math.abs(value - luma[at - 1])), 0) / luma.length;
      };
      expect(sharpness(24)).toBeLessThan(0.8 * sharpness(0));
      const start = lumaOf(shot.draw(0));
      const end = lumaOf(shot.draw(FRAMES - 1));
      const pixels = (-swung * WIDTH) / way.at(0).width;
      const place = { x: sign > 0 ? 60 : 260, y: 90 };
      const found = blockShift(start, end, place.x, place.y, { range: Math.ceil(Math.abs(pixels)) + 3 });
      expect(found.dx).toBeCloseTo(pixels, 0);
    });
  }
});

/** On the thing, and on the wall beside and above it. */
const ON_SUBJECT = [
  { x: 160, y: 75 },
  { x: 160, y: 105 },
];
const ON_WALL = [
  { x: 45, y: 40 },
  { x: 45, y: 70 },
  { x: 275, y: 40 },
  { x: 275, y: 70 },
];
const ON_GROUND = [
  { x: 40, y: 160 },
  { x: 280, y: 160 },
];

function depths(shot: RenderedShot): Record<'subject' | 'wall' | 'ground', Shift> {
  const at = (places: { x: number; y: number }[]) => {
    const shifts = flow(shot, places).map(({ shift }) => shift);
    return { dx: mean(shifts.map(({ dx }) => dx)), dy: mean(shifts.map(({ dy }) => dy)) };
  };
  return { subject: at(ON_SUBJECT), wall: at(ON_WALL), ground: at(ON_GROUND) };
}

describe('moves that take the camera through space: near things move against far ones', () => {
  it('cuts the subject out where it is', () => {
    let [both, either] = [0, 0];
    for (let index = 0; index < cutout.matte.length; index++) {
      const [x, y] = [index % cutout.width, Math.floor(index / cutout.width)];
      const truth = inBody(((x + 0.5) * 480) / cutout.width, ((y + 0.5) * 300) / cutout.height);
      const found = cutout.matte[index] > 0;
      if (truth && found) both++;
      if (truth || found) either++;
    }
    expect(both / either).toBeGreaterThan(0.85);
  });

  const slides: [CameraMove, 'dx' | 'dy', 1 | -1][] = [
    ['truck left', 'dx', 1],
    ['truck right', 'dx', -1],
    ['pedestal up', 'dy', 1],
    ['pedestal down', 'dy', -1],
  ];
  for (const [move, axis, sign] of slides) {
    it(`${move}: all goes the other way, the subject faster than the wall behind it`, () => {
      const { subject, wall, ground } = depths(layeredShot(move));
      expect(wall[axis] * sign).toBeGreaterThan(0.3);
      expect((subject[axis] - wall[axis]) * sign).toBeGreaterThan(0.4);
      // The ground beside the subject's feet goes with it.
      expect(Math.abs(ground[axis] - subject[axis])).toBeLessThan(Math.abs(subject[axis] - wall[axis]));
      const other = axis === 'dx' ? 'dy' : 'dx';
      for (const shift of [subject, wall]) expect(Math.abs(shift[other])).toBeLessThan(0.1);
    });
  }

  for (const [move, sign] of [
    ['orbit left', -1],
    ['orbit right', 1],
  ] as const) {
    it(`${move}: the subject stays, what is behind it goes the camera's way`, () => {
      const { subject, wall } = depths(layeredShot(move));
      expect(Math.hypot(subject.dx, subject.dy)).toBeLessThan(0.1);
      expect(wall.dx * sign).toBeGreaterThan(0.7);
      expect(Math.abs(wall.dy)).toBeLessThan(0.1);
    });
  }

  const growth = (move: CameraMove) => {
    const shot = layeredShot(move);
    const on = (places: { x: number; y: number }[]) => fitSimilarity(flow(shot, places)).scale;
    const subject = on([...ON_SUBJECT, { x: 145, y: 90 }, { x: 175, y: 90 }]);
    return { subject, wall: on(ON_WALL) };
  };
  for (const [move, sign] of [
    ['dolly in', 1],
    ['dolly out', -1],
  ] as const) {
    it(`${move}: the subject ${sign > 0 ? 'grows' : 'shrinks'} faster than the wall`, () => {
      const { subject, wall } = growth(move);
      expect((wall - 1) * sign).toBeGreaterThan(0.004);
      expect((subject - wall) * sign).toBeGreaterThan(0.004);
    });
  }

  for (const [move, sign] of [
    ['vertigo in', -1],
    ['vertigo out', 1],
  ] as const) {
    it(`${move}: the subject keeps its size, the wall ${sign > 0 ? 'grows' : 'shrinks'}`, () => {
      const { subject, wall } = growth(move);
      expect(Math.abs(subject - 1)).toBeLessThan(0.002);
      expect((wall - 1) * sign).toBeGreaterThan(0.008);
    });
  }

  for (const direction of ['left', 'right'] as const) {
    it(`track to the ${direction}: the subject stays, the ground passes faster than the wall`, () => {
      const sign = direction === 'left' ? 1 : -1;
      const { subject, wall, ground } = depths(layeredShot('track', direction));
      expect(Math.hypot(subject.dx, subject.dy)).toBeLessThan(0.1);
      expect(wall.dx * sign).toBeGreaterThan(0.8);
      expect((ground.dx - wall.dx) * sign).toBeGreaterThan(0.15);
    });
  }

  it('has parallax from top to bottom where no subject is found', () => {
    for (const [move, sign] of [
      ['truck right', -1],
      ['truck left', 1],
    ] as const) {
      const shot = flatShot(move);
      const [top, bottom] = [30, 150].map((y) =>
        mean(
          flow(
            shot,
            [40, 120, 200, 280].map((x) => ({ x, y })),
          ).map(({ shift }) => shift.dx),
        ),
      );
      expect(top * sign, move).toBeGreaterThan(0.3);
      expect((bottom - top) * sign, move).toBeGreaterThan(0.8);
    }
  });

  it('draws subject and background as in the picture where the layers meet', () => {
    for (const move of CAMERA_MOVES.filter((name) => hasDepth(name) && /truck|orbit|track/.test(name))) {
      const plan = { ...planFor(move), subject: SUBJECT, frames: 47 };
      const { path: way } = planScene(plan, SCENE, true);
      const layered = renderShot(plan, { source: SCENE, path: way, image: SCENE, layers: splitLayers(SCENE, cutout) }).draw(23);
      const flat = renderShot(plan, {
        source: SCENE,
        path: { ...way, layers: () => ({ far: way.at(0.5), near: way.at(0.5), subject: way.at(0.5) }) },
        image: SCENE,
      });
      const [drawn, truth] = [lumaOf(layered), lumaOf(flat.draw(23))];
      const errors = drawn.map((value, index) => Math.abs(value - truth[index]));
      expect(mean([...errors]), move).toBeLessThan(1);
    }
  });
});

describe('a camera that is held', () => {
  it('static does not move at all', () => {
    const shot = flatShot('static');
    const first = lumaOf(shot.draw(0));
    for (const index of [1, 17, 47]) expect(lumaOf(shot.draw(index))).toEqual(first);
  });

  it('handheld shakes a little, about its place, in the band of a hand', () => {
    const seconds = 6;
    const frames = seconds * 24;
    const plan = planOf('handheld', { frames });
    const { path: way } = planScene(plan, TEXTURE);
    const image = TEXTURE;
    const middle = { ...way.at(0), roll: 0 };
    const views = Array.from({ length: frames }, (_, index) => way.at(index / (frames - 1)));
    const still = { ...middle, x: mean(views.map(({ x }) => x)), y: mean(views.map(({ y }) => y)) };
    const rest = lumaOf(renderShot(plan, { source: image, path: { ...way, at: () => still }, image }).draw(0));
    const shot = renderShot(plan, { source: image, path: way, image });
    const shifts = Array.from({ length: frames }, (_, index) => blockShift(rest, lumaOf(shot.draw(index)), WIDTH / 2, HEIGHT / 2, { half: 12, range: 6 }));
    for (const axis of ['dx', 'dy'] as const) {
      const trace = shifts.map((shift) => shift[axis]);
      const power = mean(trace.map((value) => value * value));
      expect(Math.abs(mean(trace)), axis).toBeLessThan(0.1);
      expect(Math.sqrt(power), axis).toBeGreaterThan(0.3);
      expect(Math.sqrt(power), axis).toBeLessThan(0.01 * WIDTH);
      const above = spectrum(trace, 24).filter(({ hertz }) => hertz > 3.6);
      expect(above.reduce((sum, item) => sum + item.power, 0) / power, axis).toBeLessThan(0.05);
    }
  }, 20_000);

  it('adds the shake to another move that is made by hand', () => {
    const camera = { move: 'pan right' as const, speed: 'slow' as const, fullRange: false, notes: [] };
    const steady = planScene(planOf('pan right', { frames: 96, camera }), TEXTURE).path;
    const byHand = planScene(planOf('pan right', { frames: 96, camera: { ...camera, handheld: true } }), TEXTURE).path;
    const rises = (way: typeof steady) => spread(Array.from({ length: 96 }, (_, index) => way.at(index / 95).y));
    expect(rises(steady)).toBe(0);
    expect(rises(byHand)).toBeGreaterThan(0.5);
    expect(byHand.at(1).x - byHand.at(0).x).toBeGreaterThan(20);
  });
});

/** Power of each frequency of a trace. */
function spectrum(trace: number[], rate: number): { hertz: number; power: number }[] {
  const count = trace.length;
  return Array.from({ length: Math.floor(count / 2) }, (_, index) => {
    const cycles = index + 1;
    let [re, im] = [0, 0];
    trace.forEach((value, at) => {
      re += value * Math.cos((2 * Math.PI * cycles * at) / count);
      im += value * Math.sin((2 * Math.PI * cycles * at) / count);
    });
    return { hertz: (cycles * rate) / count, power: (2 * (re * re + im * im)) / count ** 2 };
  });
}
