import type { ErrorData } from '../../../errors.ts';

/** Parent to child. */
export type ChildRequest = { id: number; method: string; params: unknown } | { id: number; cancel: true };

/** Child to parent; typed arrays travel by structured clone. */
export type ChildReply = { id: number; result: unknown } | { id: number; error: ErrorData; stack?: string } | { id: number; event: unknown };
