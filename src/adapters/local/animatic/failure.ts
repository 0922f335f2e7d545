import { AppError } from '../../../errors.ts';
import type { TakeFailure } from '../../../ports/video.ts';

/** Why a take failed, where it is no defect of ours. */
export interface ExpectedFailure {
  failed: TakeFailure;
  message: string;
}

/** The sentence of a take that a full disk ended. */
export const DISK_FULL = 'The disk is full: free some space, then make the shot again.';

/** What an error of the renderer says about the take; `undefined` for a defect of ours. */
export function expectedFailure(error: unknown): ExpectedFailure | undefined {
  if (isDiskFull(error)) return { failed: 'outOfDisk', message: DISK_FULL };
  if (!(error instanceof AppError)) return undefined;
  const message = error.hint ? `${error.message} ${error.hint}` : error.message;
  if (error.code === 'UNSUPPORTED') return { failed: 'noCodec', message };
  return error.code === 'INVALID_MEDIA' || error.code === 'INVALID_INPUT' ? { failed: 'invalidRequest', message } : undefined;
}

/** The error or one that caused it comes from a full disk or quota: a system code of Node, or the text of ENOSPC / EDQUOT (strerror) that FFmpeg passes on. */
export function isDiskFull(error: unknown): boolean {
  if (typeof error === 'string') return /no space left on device|disk quota exceeded/i.test(error);
  if (!(error instanceof Error)) return false;
  if ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return true;
  return isDiskFull(error.message) || isDiskFull(error.cause);
}
