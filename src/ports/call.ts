export interface CallOptions {
  /** Aborting rejects with code CANCELLED and stops the work (a child process is killed if it must be). */
  signal?: AbortSignal | undefined;
}

/** What is paid for call by call; videos are paid for by take. */
export type BillableKind = 'embedding' | 'caption' | 'judge' | 'inpaint';

/**
 * Called before each attempt that may be billed (a repeated call is several), with the most that it costs in US dollars. A rejection (BUDGET, say)
 * ends the call before anything is sent.
 */
export type OnBillable = (kind: BillableKind, costUsd: number) => void | Promise<void>;
