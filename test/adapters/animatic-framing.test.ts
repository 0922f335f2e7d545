import { describe, expect, it } from 'vitest';
import { type CameraPath, planPath } from '../../src/adapters/local/animatic/path.ts';
import type { View } from '../../src/adapters/local/animatic/stage.ts';
import { CAMERA_MOVES } from '../../src/ports/video.ts';
import { draw, planOf, shotOf } from './animatic-pictures.ts';

/** How far any window of the move reaches out of the picture or beyond the sizes that the path promises, in reference pixels. */
function excess(path: CameraPath, source: { width: number; height: number }, target: { width: number; height: number }): number {
  let worst = 0;
  for (const progress of [0, 0.15, 0.3, 0.5, 0.83, 1]) {
    for (const { x, y, width, roll } of viewsOf(path, progress)) {
      const height = (width * target.height) / target.width;
      const halfX = (width * Math.cos(roll) + height * Math.abs(Math.sin(roll))) / 2;
      const halfY = (height * Math.cos(roll) + width * Math.abs(Math.sin(roll))) / 2;
      const over = [halfX - x, halfY - y, x + halfX - source.width, y + halfY - source.height, path.minWidth - width, width - path.maxWidth];
      worst = Math.max(worst, ...over);
    }
  }
  return worst;
}

/** Every window that is drawn at a moment. */
function viewsOf(path: CameraPath, progress: number): View[] {
  const layers = path.layers?.(progress);
  return layers ? [layers.far, layers.near, layers.subject] : [path.at(progress)];
}

describe('framing', () => {
  const sources = [
    { width: 4000, height: 3000 },
    { width: 1000, height: 3000 },
    { width: 6000, height: 900 },
    { width: 300, height: 200 },
  ];
  const targets = [
    { width: 1280, height: 720 },
    { width: 720, height: 1280 },
    { width: 720, height: 720 },
  ];
  const subjects = [undefined, { x: 0, y: 0, width: 0.2, height: 0.3 }, { x: 0.7, y: 0.8, width: 0.3, height: 0.2 }, { x: 0, y: 0, width: 1, height: 1 }];

  it('never leaves the picture, whatever the move, the sizes, the speed and the subject', () => {
    const wrong: string[] = [];
    for (const move of CAMERA_MOVES) {
      for (const speed of ['very slow', 'fast'] as const) {
        for (const source of sources) {
          for (const target of targets) {
            for (const subject of subjects) {
              for (const cutout of subject ? [false, true] : [false]) {
                const camera = { move, speed, fullRange: speed === 'fast', handheld: speed === 'fast' };
                const path = planPath({ camera, source, target, durationSeconds: 6, subject, cutout });
                if (excess(path, source, target) > 0.01) wrong.push(`${move} ${speed} ${source.width}x${source.height} to ${target.width}x${target.height}`);
              }
            }
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('moves as asked even where the picture has just the size of the video or its subject fills it', () => {
    const size = { width: 1280, height: 720 };
    for (const subject of [undefined, { x: 0, y: 0, width: 1, height: 1 }]) {
      for (const move of CAMERA_MOVES.filter((name) => name !== 'static' && name !== 'handheld')) {
        const path = planPath({ camera: { move, speed: 'slow', fullRange: false }, source: size, target: size, durationSeconds: 6, subject });
        const [starts, ends] = [viewsOf(path, 0), viewsOf(path, 1)];
        const travelled = starts.map((start, index) => {
          const end = ends[index];
          return Math.hypot(end.x - start.x, end.y - start.y) + Math.abs(end.width - start.width) + Math.abs(end.roll - start.roll) * 1000;
        });
        // An orbit over a depth ramp turns about its middle: each end of it goes half the way.
        expect(Math.max(...travelled), move).toBeGreaterThan(move.startsWith('orbit') ? 40 : 60);
      }
    }
  });

  it('draws no edge: a white picture stays white to the border through every move', () => {
    const white = draw(400, 300, () => [255, 255, 255]);
    for (const move of CAMERA_MOVES) {
      const shot = shotOf(planOf(move, { frames: 5 }), white);
      for (let index = 0; index < 5; index++) {
        const frame = shot.draw(index);
        expect(Math.min(...frame.y), move).toBeGreaterThanOrEqual(234);
        expect(Math.max(...frame.u, ...frame.v) - Math.min(...frame.u, ...frame.v), move).toBeLessThanOrEqual(1);
      }
    }
  });

  it('ends a zoom in on the subject, and a zoom out begins there', () => {
    const subject = { x: 0.6, y: 0.55, width: 0.12, height: 0.15 };
    const input = { source: { width: 4000, height: 3000 }, target: { width: 1280, height: 720 }, durationSeconds: 6, subject };
    const closeIn = planPath({ ...input, camera: { move: 'zoom in', speed: 'normal', fullRange: false } }).at(1);
    const closeOut = planPath({ ...input, camera: { move: 'zoom out', speed: 'normal', fullRange: false } }).at(0);
    for (const view of [closeIn, closeOut]) {
      expect(view.x).toBeCloseTo(0.66 * 4000, 0);
      expect(view.y).toBeCloseTo(0.625 * 3000, 0);
    }
  });

  it('keeps the subject in frame when a wide picture is cropped to a tall one', () => {
    const input = {
      camera: { move: 'static' as const, speed: 'normal' as const, fullRange: false },
      source: { width: 3000, height: 1500 },
      target: { width: 720, height: 1280 },
    };
    const { x, width } = planPath({ ...input, durationSeconds: 4, subject: { x: 0.75, y: 0.4, width: 0.2, height: 0.2 } }).at(0);
    expect(x - width / 2).toBeLessThanOrEqual(0.75 * 3000);
    expect(x + width / 2).toBeGreaterThanOrEqual(0.95 * 3000);
  });

  it('tilts from the very bottom to the very top where the prompt names both ends', () => {
    const path = planPath({
      camera: { move: 'tilt up', speed: 'very slow', fullRange: true },
      source: { width: 1920, height: 1318 },
      target: { width: 1280, height: 720 },
      durationSeconds: 6,
    });
    const half = (path.at(0).width * 720) / 1280 / 2;
    expect(path.at(0).y).toBeCloseTo(1318 - half, 3);
    expect(path.at(1).y).toBeCloseTo(half, 3);
    expect((path.at(0).y - path.at(1).y) / (2 * half)).toBeGreaterThan(0.4);
  });

  it('begins a pan down "from the sky to" a subject at the top and ends with the whole subject in frame', () => {
    const subject = { x: 0.4, y: 0.7, width: 0.25, height: 0.15 };
    const source = { width: 2000, height: 1500 };
    const path = planPath({
      camera: { move: 'tilt down', speed: 'very slow', fullRange: true },
      source,
      target: { width: 1280, height: 720 },
      durationSeconds: 6,
      subject,
    });
    const [start, end] = [path.at(0), path.at(1)];
    const half = (end.width * 720) / 1280 / 2;
    expect(start.y).toBeCloseTo(half, 3);
    expect(end.y - half).toBeLessThan(0.7 * 1500);
    expect(end.y + half).toBeGreaterThan(0.85 * 1500);
    expect(end.x - end.width / 2).toBeLessThan(0.4 * 2000);
    expect(end.x + end.width / 2).toBeGreaterThan(0.65 * 2000);
  });
});
