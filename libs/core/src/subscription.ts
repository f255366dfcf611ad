import type { CheckpointKey, Checkpoints } from './checkpoint.js';
import { CheckpointMoved } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import type { Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import type { Leases } from './lease.js';
import { whileLeased } from './leased.js';
import { runner, type Runner, type RunnerContext, type RunnerOptions } from './runner.js';
import type { Source } from './source.js';
import type { Transactions } from './transactions.js';

/** What a subscription does with events. Its effects belong into `tx`; they happen once. */
export interface SubscriptionHandler<Tx = unknown> {
  readonly types: readonly string[];
  handle(events: readonly Recorded[], tx: Tx): Promise<void>;
}

/** The parts of a subscription. */
export interface SubscriptionParts<Tx = unknown> {
  /** Unique in the service; also the name of its lease. */
  readonly name: string;
  readonly source: Source;
  readonly handler: SubscriptionHandler<Tx>;
  readonly catalog: EventCatalog;
  readonly checkpoints: Checkpoints<Tx>;
  readonly transactions: Transactions<Tx>;
  readonly leases: Leases;
  /** Who holds the lease: one name per process. */
  readonly owner: string;
  readonly leaseTtlMs?: number;
}

/**
 * The one loop behind read models, process managers and reactions: takes the lease, loads the checkpoint, and for each
 * batch runs the handler and moves the checkpoint in one transaction. So every effect happens once, whatever is killed,
 * frozen or run twice: a runner that was overtaken finds the checkpoint moved and rolls back.
 */
export function subscription<Tx>(parts: SubscriptionParts<Tx>, options: RunnerOptions = {}): Runner {
  const { name, leases, owner, leaseTtlMs = 10_000 } = parts;
  return runner(
    name,
    (context) =>
      whileLeased({ leases, name, owner, ttlMs: leaseTtlMs, signal: context.signal, ...options }, (signal) =>
        follow(parts, { ...context, signal }),
      ),
    options,
  );
}

async function follow<Tx>(parts: SubscriptionParts<Tx>, { signal, progressed }: RunnerContext): Promise<void> {
  const { name, source, handler, catalog, checkpoints, transactions } = parts;
  const key: CheckpointKey = { subscription: name, source: source.name, partition: 0 };
  let position = await checkpoints.load(key);
  for await (const batch of source.read({ after: position, types: handler.types, signal })) {
    await failpoint('subscription.after-fetch');
    const events = batch.events.map((event) => catalog.current(event));
    await transactions.run(async (tx) => {
      if (events.length > 0) await handler.handle(events, tx);
      await failpoint('subscription.mid-handler');
      if (!(await checkpoints.move(tx, key, position, batch.position))) throw new CheckpointMoved(name, position);
      await failpoint('subscription.before-commit');
    });
    await failpoint('subscription.after-commit');
    position = batch.position;
    progressed();
  }
}
