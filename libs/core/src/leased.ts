import { systemClock, type Clock } from './clock.js';
import type { Lease, Leases } from './lease.js';

/** What `whileLeased` needs. */
export interface LeasedOptions {
  readonly leases: Leases;
  readonly name: string;
  readonly owner: string;
  readonly ttlMs: number;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Waits for a lease, then runs `work`, renewing the lease at a third of its time; gives it back at the end.
 * `work`'s signal aborts when the caller's does, and when the lease is lost; `held` asks the database whether it still is.
 */
export async function whileLeased(
  options: LeasedOptions,
  work: (signal: AbortSignal, held: () => Promise<boolean>) => Promise<void>,
): Promise<void> {
  const { leases, signal } = options;
  const lease = await waitFor(options);
  if (!lease) return;
  const lost = new AbortController();
  const ended = new AbortController();
  const renewing = renew(lease, options, lost, ended.signal);
  try {
    await work(AbortSignal.any([signal, lost.signal]), () => leases.renew(lease, options.ttlMs));
  } finally {
    ended.abort();
    await renewing;
    if (!lost.signal.aborted) await leases.release(lease).catch(() => {}); // it expires by itself after ttlMs
  }
}

async function waitFor({
  leases,
  name,
  owner,
  ttlMs,
  signal,
  clock = systemClock,
}: LeasedOptions): Promise<Lease | undefined> {
  while (!signal.aborted) {
    const lease = await leases.claim(name, owner, ttlMs);
    if (lease) return lease;
    await clock.sleep(Math.min(ttlMs / 4, 1_000) * (0.5 + Math.random()), signal);
  }
  return undefined;
}

async function renew(lease: Lease, options: LeasedOptions, lost: AbortController, ended: AbortSignal): Promise<void> {
  const { leases, ttlMs, clock = systemClock } = options;
  while (true) {
    await clock.sleep(ttlMs / 3, ended);
    if (ended.aborted) return;
    const kept = await leases.renew(lease, ttlMs).catch(() => true); // unreachable: the checkpoint guards, try again
    if (!kept) return lost.abort();
  }
}
