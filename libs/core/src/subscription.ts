import type { Checkpoints } from './checkpoint.js';
import { systemClock } from './clock.js';
import { untilOneFails } from './concurrently.js';
import { Delivery } from './delivery.js';
import type { EventCatalog } from './event-catalog.js';
import type { Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import { InTurn } from './in-turn.js';
import type { Leases } from './lease.js';
import { whileLeased } from './leased.js';
import type { Parked } from './parked.js';
import type { RetryPolicy } from './retry-policy.js';
import { runner, type Runner, type RunnerContext, type RunnerOptions } from './runner.js';
import type { Source, StartFrom } from './source.js';
import type { StateKeys } from './state-keys.js';
import type { Transactions } from './transactions.js';

/** What a subscription does with events. Its effects belong into `tx`; they happen once. */
export interface SubscriptionHandler<Tx = unknown> {
  readonly types: readonly string[];
  /** What orders an event for this handler, and is parked with it, where that is not the event's own key. */
  keyOf?(event: Recorded): string | undefined;
  handle(events: readonly Recorded[], tx: Tx): Promise<void>;
  /** Called behind `handle`, when the checkpoints have moved in `tx`: throws when what `handle` relied on is over. */
  confirm?(tx: Tx): Promise<void>;
}

/** What is done beside the reading of a subscription, while it has its lease. */
export interface Beside {
  readonly signal: AbortSignal;
  /** Runs `work` while no batch is being handled: the checkpoints stand still, unless another process moves them. */
  still<T>(work: () => Promise<T>): Promise<T>;
}

/** The parts of a subscription. */
export interface SubscriptionParts<Tx = unknown> {
  /** Unique in the service: progress is kept under it and the names of the sources. */
  readonly name: string;
  /** The name of its lease and of its runner; the subscription's unless given. */
  readonly lease?: string;
  /** Read at the same time; their batches are handled one after the other. */
  readonly sources: readonly Source[];
  readonly from: StartFrom;
  readonly handler: SubscriptionHandler<Tx>;
  /** What becomes of an event whose handler throws. Without a policy the runner tries again, and then fails. */
  readonly onError?: RetryPolicy;
  /** True for a handler whose rows mix keys: one process at a time reads everything, also where readers could share. */
  readonly oneWriter: boolean;
  readonly catalog: EventCatalog;
  readonly checkpoints: Checkpoints<Tx>;
  /** For events of state topics; they are handled as they come without. */
  readonly stateKeys?: StateKeys<Tx>;
  readonly parked: Parked<Tx>;
  readonly transactions: Transactions<Tx>;
  readonly leases: Leases;
  /** Who holds the lease: one name per process. */
  readonly owner: string;
  readonly leaseTtlMs?: number;
  /** Done with the lease before anything is read. */
  readonly before?: (signal: AbortSignal) => Promise<void>;
  /** Done with the lease while events are read; when it fails, the reading begins anew too. */
  readonly beside?: (beside: Beside) => Promise<void>;
  /** Told when the key of an event was parked. */
  readonly onParked?: (subscription: string, event: Recorded, error: unknown) => void;
}

const REQUESTS_EVERY_MS = 500;

/** Who asks for a turn besides those who read, one turn at a time: requests, a rebuild, and what publishes rows. */
const BESIDE_READERS = 3;

/**
 * The one loop behind read models, process managers and reactions: for each batch it runs the handler and moves the
 * checkpoints in one transaction. So every effect happens once, whatever is killed, frozen or run twice: a runner that
 * was overtaken finds a checkpoint moved and rolls back. Between batches it does what people asked of parked keys.
 */
export function subscription<Tx>(parts: SubscriptionParts<Tx>, options: RunnerOptions = {}): Runner {
  const { name, lease = name, sources, oneWriter, leases, owner, leaseTtlMs = 10_000 } = parts;
  const work = (context: RunnerContext): Promise<void> => follow(parts, context, options);
  const shared = !oneWriter && sources.every((source) => source.shared);
  const leased = (context: RunnerContext): Promise<void> =>
    whileLeased({ leases, name: lease, owner, ttlMs: leaseTtlMs, signal: context.signal, ...options }, (signal) =>
      work({ ...context, signal }),
    );
  return runner(lease, shared ? work : leased, options);
}

async function follow<Tx>(
  parts: SubscriptionParts<Tx>,
  { signal, progressed }: RunnerContext,
  { clock = systemClock }: RunnerOptions,
): Promise<void> {
  const { name, sources, from, handler } = parts;
  await parts.before?.(signal);
  const turns = new InTurn(sources.length + BESIDE_READERS);
  const deliveries = sources.map((source) => new Delivery(parts, source, clock));

  const reading = deliveries.map((delivery) => async (until: AbortSignal) => {
    const { source, checkpoints } = delivery;
    const options = { subscription: name, types: handler.types, from, checkpoints, signal: until };
    for await (const batch of source.read(options)) {
      await failpoint('subscription.after-fetch');
      await turns.run(name, () => delivery.deliver(batch, until));
      await failpoint('subscription.after-commit');
      progressed();
    }
  });
  const asked = async (until: AbortSignal): Promise<void> => {
    while (!until.aborted) {
      await clock.sleep(REQUESTS_EVERY_MS, until);
      for (const delivery of deliveries) {
        let more = true;
        while (more && !until.aborted) more = await turns.run(name, () => delivery.answerRequests());
      }
    }
  };
  const beside = async (until: AbortSignal): Promise<void> =>
    parts.beside?.({ signal: until, still: (work) => turns.run(name, work) });
  await untilOneFails(signal, [...reading, beside, ...(parts.onError?.last === 'park' ? [asked] : [])]);
}
