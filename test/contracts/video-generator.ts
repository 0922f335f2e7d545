import { statSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonValue } from '../../src/ports/storage.ts';
import type { ShotRequest, TakeStatus, VideoGenerator } from '../../src/ports/video.ts';

/** A provider under test with its own state. */
export interface VideoGeneratorHarness {
  /** A short shot that the provider accepts. */
  shot: ShotRequest;
  /** A longer shot: still running some time after its start. */
  longShot: ShotRequest;
  generator: VideoGenerator;
  /** The same provider and state as another process would open it. */
  again(): Promise<VideoGenerator>;
  close(): Promise<void>;
}

/** Polls until the take is over. */
export async function untilOver(generator: VideoGenerator, operation: JsonValue, seen: TakeStatus[] = []): Promise<TakeStatus> {
  for (;;) {
    const status = await generator.poll(operation);
    seen.push(status);
    if (status.state !== 'running') return status;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** What every video provider keeps to. */
export function videoGeneratorContract(name: string, open: () => Promise<VideoGeneratorHarness>): void {
  describe(`${name} as a VideoGenerator`, () => {
    let opened: VideoGeneratorHarness | undefined;
    const fresh = async () => {
      opened = await open();
      return opened;
    };
    afterEach(async () => {
      await opened?.close();
      opened = undefined;
    });

    it('starts a take within a second and finishes it as a file that the caller may take', async () => {
      const { generator, shot } = await fresh();
      const before = performance.now();
      const operation = await generator.start(shot, { token: 'take-1' });
      expect(performance.now() - before).toBeLessThan(1000);
      const seen: TakeStatus[] = [];
      const status = await untilOver(generator, JSON.parse(JSON.stringify(operation)), seen);
      expect(status).toMatchObject({ state: 'succeeded', mediaType: 'video/mp4', costUsd: generator.estimate(shot).costUsd });
      if (status.state !== 'succeeded') return;
      expect(statSync(status.path).size).toBeGreaterThan(1000);
      expect(status.notes.every((note) => note.length > 0)).toBe(true);
      expect(status.notes.slice(0, generator.limits(shot).length)).toEqual(generator.limits(shot));
      const progress = seen.flatMap((item) => (item.state === 'running' && item.progress !== undefined ? [item.progress] : []));
      expect(progress.every((value, index) => value >= 0 && value <= 1 && value >= (progress[index - 1] ?? 0))).toBe(true);
    });

    it('says what it cannot honour without files, the same each time, and for any role', async () => {
      const { generator, shot } = await fresh();
      for (const role of ['firstFrame', 'lastFrame', 'subject', 'style'] as const) {
        const asked = { ...shot, references: [{ role, assetId: 'img_x', sha256: '0', path: '' }] };
        const limits = generator.limits(asked);
        expect(generator.limits(asked)).toEqual(limits);
        if (!generator.capabilities.roles.includes(role)) expect(limits.join(' '), role).toContain(role);
      }
    });

    it('gives one take for one token, however often it is started', async () => {
      const { generator, shot } = await fresh();
      const operations = await Promise.all([1, 2, 3].map(() => generator.start(shot, { token: 'same' })));
      expect(operations[1]).toEqual(operations[0]);
      expect(operations[2]).toEqual(operations[0]);
      const first = await untilOver(generator, operations[0]);
      const writtenAt = first.state === 'succeeded' ? statSync(first.path).mtimeMs : 0;
      const late = await generator.start(shot, { token: 'same' });
      expect(late).toEqual(operations[0]);
      expect(await generator.poll(late)).toEqual(first);
      expect(first.state === 'succeeded' && statSync(first.path).mtimeMs).toBe(writtenAt);
    });

    it('keeps takes of different tokens apart', async () => {
      const { generator, shot } = await fresh();
      const [first, second] = await Promise.all(['a', 'b'].map((token) => generator.start(shot, { token })));
      expect(second).not.toEqual(first);
      const [one, two] = [await untilOver(generator, first), await untilOver(generator, second)];
      expect(one.state === 'succeeded' && two.state === 'succeeded' && one.path !== two.path).toBe(true);
    });

    it('lets another process see the running and the finished take', async () => {
      const { generator, longShot, shot, again } = await fresh();
      const running = await generator.start(longShot, { token: 'long' });
      const other = await again();
      expect(await other.poll(running)).toMatchObject({ state: 'running' });
      await generator.cancel?.(running);
      const operation = await generator.start(shot, { token: 'short' });
      const status = await untilOver(generator, operation);
      expect(status.state).toBe('succeeded');
      expect(await other.poll(operation)).toEqual(status);
    });

    it('finds a take by its token and nothing for a token that never started', async ({ skip }) => {
      const { generator, shot, again } = await fresh();
      if (!generator.find) return skip('the provider cannot find takes');
      const operation = await generator.start(shot, { token: 'lost answer' });
      expect(await (await again()).find?.('lost answer')).toEqual(operation);
      expect(await generator.find('never')).toBeUndefined();
      await untilOver(generator, operation);
    });

    it('stops a take on cancel, which then never succeeds; where it cannot, what runs is paid', async () => {
      const { generator, longShot } = await fresh();
      // A free provider that cannot stop would go on for nobody.
      if (!generator.cancel) return expect(generator.capabilities.free).toBe(false);
      const operation = await generator.start(longShot, { token: 'cancelled' });
      const { stillBilled } = await generator.cancel(operation);
      if (generator.capabilities.free) expect(stillBilled).toBe(false);
      // A server that was killed before it could write that down cancels it again.
      expect(await generator.cancel(operation)).toEqual({ stillBilled });
      expect((await untilOver(generator, operation)).state).not.toBe('succeeded');
    });

    it('refuses shots beyond its capabilities before anything is started', async () => {
      const { generator, shot } = await fresh();
      const { maxSeconds, minSeconds, maxWidth, maxHeight, fps } = generator.capabilities;
      const beyond: Partial<ShotRequest>[] = [
        { durationSeconds: maxSeconds + 1 },
        { durationSeconds: minSeconds / 2 },
        { width: maxWidth * 2 },
        { height: maxHeight * 2 },
        { fps: Math.max(...fps) * 2 + 1 },
      ];
      for (const [index, change] of beyond.entries()) {
        const started = generator.start({ ...shot, ...change }, { token: `beyond-${index}` });
        await expect(started, JSON.stringify(change)).rejects.toMatchObject({ code: 'INVALID_INPUT', hint: expect.stringMatching(/\d/) });
        expect(await generator.find?.(`beyond-${index}`)).toBeUndefined();
      }
    });

    it('refuses an operation that it never gave out', async () => {
      const { generator } = await fresh();
      await expect(generator.poll({ path: '/etc/passwd' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      await expect(generator.poll(null)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });
  });
}
