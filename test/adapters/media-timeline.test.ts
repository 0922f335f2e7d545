import { describe, expect, it } from 'vitest';
import type { ClipHeader, PacketEntry } from '../../src/adapters/local/media/clip.ts';
import { pictureFilter, uprightSize } from '../../src/adapters/local/media/clip.ts';
import { planRuns, positionAt, timelineOf } from '../../src/adapters/local/media/timeline.ts';

/** 30 frames of 10 ticks in stored order I P B B P B B ..., a keyframe every `gop`. */
function stored(gop: number, count = 30): PacketEntry[] {
  const shown = Array.from({ length: count }, (_, index) => index);
  const order = shown.flatMap((index) => {
    const inGop = index % gop;
    if (inGop === 0) return [index];
    if (inGop % 3 === 1)
      return [Math.min(index + 2, index - inGop + gop - 1, count - 1), index, index + 1].filter((one) => one < index - inGop + gop && one < count);
    return [];
  });
  return [...new Set(order)].map((index, dts) => ({ pts: index * 10, dts: dts * 10 - 20, keyframe: index % gop === 0, hidden: false }));
}

const header = {
  codedWidth: 720,
  codedHeight: 480,
  pixelAspect: 1,
  displayMatrix: undefined,
  tickSeconds: 0.001,
  fps: 100,
  colourMatrix: 'unknown',
  fullRange: false,
} as ClipHeader;

describe('the plan of a sampling', () => {
  it('decodes in one pass what has one keyframe', () => {
    const packets = stored(30);
    expect(planRuns(timelineOf(packets), [0, 100, 290], 6)).toEqual([{ from: undefined, wanted: [0, 100, 290] }]);
  });

  it('jumps to the last keyframe before a far frame, and decodes on to a near one', () => {
    const packets = stored(10);
    const runs = planRuns(timelineOf(packets), [0, 10, 250, 290], 6);
    expect(runs).toEqual([
      { from: undefined, wanted: [0, 10] },
      { from: packets.find((packet) => packet.pts === 200), wanted: [250, 290] },
    ]);
  });

  it('does not jump where a jump costs more than the frames it saves', () => {
    const packets = stored(10);
    expect(planRuns(timelineOf(packets), [0, 250], 60)).toEqual([{ from: undefined, wanted: [0, 250] }]);
  });

  it('starts a picture that is shown before its own keyframe at the keyframe before (open GOP)', () => {
    const packets: PacketEntry[] = [0, 30, 10, 20, 60, 40, 50].map((pts, index) => ({
      pts,
      dts: index * 10,
      keyframe: pts % 30 === 0 && pts !== 30,
      hidden: false,
    }));
    expect(planRuns(timelineOf(packets), [50], 0)[0].from).toBeUndefined();
    expect(planRuns(timelineOf(packets), [60], 0)[0].from).toEqual(packets[4]);
  });

  it('leaves out frames an edit list hides, and counts frames where there are no times', () => {
    const packets = stored(10).map((packet) => ({ ...packet, hidden: (packet.pts ?? 0) < 50 }));
    expect(timelineOf(packets).positions[0]).toBe(50);
    const timeless = stored(10).map((packet) => ({ ...packet, pts: undefined }));
    const timeline = timelineOf(timeless);
    expect(timeline).toMatchObject({ byIndex: true });
    expect(positionAt(timeline, header, 0.105)).toBe(10);
  });

  it('shows a frame until the next starts, and takes times rounded to a millisecond', () => {
    const timeline = timelineOf([0, 42, 83, 125].map((pts) => ({ pts, dts: pts, keyframe: true, hidden: false })));
    const shownAt = (seconds: number) => positionAt(timeline, { ...header, fps: 24 }, seconds);
    expect([-1, 0, 0.0408, 1 / 24, 2 / 24, 0.1, 3 / 24, 9].map(shownAt)).toEqual([0, 0, 0, 42, 83, 83, 125, 125]);
  });
});

describe('the picture filter', () => {
  it('takes untagged small pictures for BT.601 and large ones for BT.709, and tags for what they say', () => {
    const matrix = (change: Partial<ClipHeader>) =>
      /in_color_matrix=(\w+)/.exec(pictureFilter({ ...header, ...change }, { width: 64, height: 64, format: 'rgb' }))?.[1];
    expect(matrix({})).toBe('smpte170m');
    expect(matrix({ codedWidth: 1280, codedHeight: 720 })).toBe('bt709');
    expect(matrix({ codedWidth: 1280, codedHeight: 720, colourMatrix: 'bt470bg' })).toBe('bt470');
    expect(matrix({ colourMatrix: 'bt709' })).toBe('bt709');
  });

  it('knows the shape of a pixel, unless it is nonsense', () => {
    expect(uprightSize({ ...header, pixelAspect: 8 / 9 })).toEqual({ width: 640, height: 480 });
    expect(uprightSize({ ...header, pixelAspect: 1e6 })).toEqual({ width: 720, height: 480 });
  });
});
