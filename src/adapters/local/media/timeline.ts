import type { ClipHeader, PacketEntry } from './clip.ts';

/** When each frame of a clip is shown, and what it takes to decode it. */
export interface Timeline {
  /** Presentation times in ticks, ascending; frame indices where `byIndex`. */
  positions: number[];
  /** The container has no presentation times, so frame n is shown at n / fps. */
  byIndex: boolean;
  /** Packets in decoding order. */
  packets: PacketEntry[];
}

/** A part of the clip decoded in one go: from a keyframe (or the beginning) to the last frame wanted. */
export interface Run {
  from: PacketEntry | undefined;
  wanted: number[];
}

/** The timeline of the packets that are really in the file. */
export function timelineOf(packets: PacketEntry[]): Timeline {
  const shown = packets.filter((packet) => !packet.hidden);
  const byIndex = shown.some((packet) => packet.pts === undefined);
  const positions = byIndex ? shown.map((_, index) => index) : [...new Set(shown.map((packet) => packet.pts ?? 0))].sort((a, b) => a - b);
  return { positions, byIndex, packets };
}

/** Frames per second: what the container says, else from the times of the frames; 1 for a single frame without a duration. */
export function fpsOf(header: ClipHeader, timeline: Timeline): number {
  if (header.fps > 0) return header.fps;
  const { positions, byIndex } = timeline;
  const span = byIndex ? header.durationSeconds : (positions[positions.length - 1] - positions[0]) * header.tickSeconds;
  return span > 0 ? (positions.length - (byIndex ? 0 : 1)) / span : 1;
}

/**
 * The position shown at `seconds` after the first frame, clamped to the clip: the last frame that starts at or before it.
 * A frame that starts up to 1 ms later (never more than a quarter of a frame) counts too, because Matroska rounds times to whole milliseconds.
 */
export function positionAt(timeline: Timeline, header: ClipHeader, seconds: number): number {
  const fps = fpsOf(header, timeline);
  const late = seconds + Math.min(0.001, 0.25 / fps);
  const { positions, byIndex } = timeline;
  const target = byIndex ? late * fps : positions[0] + late / header.tickSeconds;
  let low = 0;
  let high = positions.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (positions[middle] <= target) low = middle;
    else high = middle - 1;
  }
  return positions[low];
}

/**
 * The cheapest passes that decode the wanted positions (ascending): before each, decoding goes on from where it is, or jumps to the last keyframe
 * before it where that decodes fewer frames, the cost of the jump included.
 */
export function planRuns(timeline: Timeline, wanted: number[], jumpCostFrames: number): Run[] {
  const { packets, byIndex } = timeline;
  if (byIndex) return [{ from: undefined, wanted }];
  const order = new Map(packets.map((packet, index) => [packet.pts, index]));
  const runs: Run[] = [{ from: undefined, wanted: [] }];
  let reached = 0;
  for (const position of wanted) {
    const index = order.get(position) ?? 0;
    let key = index;
    while (key > 0 && !(packets[key].keyframe && (packets[key].pts ?? Infinity) <= position)) key--;
    if (key > reached && jumpCostFrames + index - key < index - reached) runs.push({ from: packets[key], wanted: [] });
    runs[runs.length - 1].wanted.push(position);
    reached = Math.max(reached, index);
  }
  return runs.filter((run) => run.wanted.length > 0);
}
