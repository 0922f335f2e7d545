import { stat } from 'node:fs/promises';
import type { ClipLimits, Codec } from './backend.ts';
import type { Clip } from './clip.ts';
import { openChecked } from './reading.ts';

/** An open clip and the limits of the call that uses it. */
interface OpenClip {
  clip: Clip;
  limits: ClipLimits;
}

/** How long a clip stays open for the next call. */
const KEPT_MS = 1000;

/** Windows deletes and renames no open file, so there nothing is kept. */
const KEEPS = process.platform !== 'win32';

let kept: (OpenClip & { key: string; timer: NodeJS.Timeout }) | undefined;

/**
 * Opens a file as `openChecked` does, or takes it as the call before left it (`keepClip`): to open one and read its header takes 20 ms for 720p,
 * and who asks what is in a file mostly wants its frames next. A file that was changed or replaced since is opened anew.
 */
export async function openOrTake(codec: Codec, path: string, limits: ClipLimits): Promise<OpenClip> {
  const before = kept;
  kept = undefined;
  clearTimeout(before?.timer);
  if (before && before.key === (await keyOf(path, limits))) {
    Object.assign(before.limits, limits);
    return before;
  }
  before?.clip.close();
  const own = { ...limits };
  return { clip: await openChecked(codec, path, own), limits: own };
}

/** Leaves a clip open for the next call, which is the only one to use it. */
export async function keepClip(path: string, { clip, limits }: OpenClip): Promise<void> {
  const key = KEEPS ? await keyOf(path, limits) : undefined;
  if (key === undefined || kept) {
    clip.close();
    return;
  }
  const timer = setTimeout(() => {
    kept = undefined;
    clip.close();
  }, KEPT_MS);
  kept = { clip, limits, key, timer };
}

/** The same file with the same content, under the same limit; `undefined` where it is gone. */
async function keyOf(path: string, { maxPixels }: ClipLimits): Promise<string | undefined> {
  const file = await stat(path).catch(() => undefined);
  return file && [path, file.ino, file.size, file.mtimeMs, file.ctimeMs, maxPixels].join('|');
}
