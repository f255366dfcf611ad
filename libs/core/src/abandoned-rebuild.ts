import { randomUUID } from 'node:crypto';
import type { Database } from './database.js';
import type { Rebuild } from './rebuild.js';
import { subscriptionName } from './subscription-name.js';

/** How long the read model's lease is held; whatever is slower is still fenced by the rebuild's epoch. */
const LEASE_MS = 30_000;

/**
 * Drops what queries do not read, and ends the rebuild, where no process runs that version of the read model: its code may be
 * gone for good. The caller stands in for that process, with its lease and with the rebuild claimed, so one that was
 * frozen and wakes is overtaken.
 * @returns false, with nothing done, while a process has the lease: it does what is asked of it
 * @throws ReadModelMismatch when an earlier version is still run that would have to go
 */
export async function dropAbandoned<Tx>(database: Database<Tx>, { id, name, version }: Rebuild): Promise<boolean> {
  const { leases, rebuilds, rebuildTables } = database;
  const owner = `${process.pid}-${randomUUID()}`;
  const lease = await leases.claim(subscriptionName({ name, version }), owner, LEASE_MS);
  if (!lease) return false;
  try {
    const claimed = await rebuilds.claim(id);
    if (claimed) await rebuildTables.step(claimed, { name, version }, 'drop');
    return true;
  } finally {
    await leases.release(lease);
  }
}
