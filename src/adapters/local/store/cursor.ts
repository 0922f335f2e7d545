import { AppError } from '../../../errors.ts';

/** An opaque page cursor. */
export function cursorOf(position: (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** What `cursorOf` was given; INVALID_INPUT where the cursor is not one of ours. `shape` gives the type of each part. */
export function positionOf(cursor: string, shape: ('string' | 'number')[]): (string | number)[] {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(position) && position.length === shape.length && position.every((part, i) => typeof part === shape[i])) return position;
  } catch {
    // Falls through to the one error.
  }
  throw new AppError('INVALID_INPUT', 'The cursor is not from an earlier page.', { hint: 'Leave `cursor` out to start from the newest.' });
}
