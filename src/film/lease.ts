import type { Ports } from '../ports.ts';

/** A worker that stopped without a word loses its record after this long. */
export const LEASE_SECONDS = 10;

/** Whose a lease is, and how long it lasts without a sign of life. */
export interface Lease {
  owner: string;
  leaseSeconds: number;
}

/** Renews a claimed record's lease, three times in its length, until `end`; `lost` aborts when it went to somebody else. */
export function holdLease(ports: Ports, kind: string, id: string, lease: Lease): { lost: AbortSignal; end(): Promise<void> } {
  const gone = new AbortController();
  const renewal = setInterval(async () => {
    // A database that does not answer for a moment is no lost lease: whether it is shows at the next write, which counts only under it.
    const held = await ports.records.renew(kind, id, lease).catch(() => true);
    if (!held) gone.abort();
  }, lease.leaseSeconds * 300);
  return {
    lost: gone.signal,
    async end() {
      clearInterval(renewal);
      await ports.records.release(kind, id, lease.owner).catch(() => undefined);
    },
  };
}
