export interface CallOptions {
  /** Aborting rejects with code CANCELLED and stops the work (a child process is killed if it must be). */
  signal?: AbortSignal | undefined;
}
