import { randomUUID } from 'node:crypto';
import type { EventCatalog } from './event-catalog.js';
import { watched } from './instrumentation.js';
import type { LogfoldOptions, Role } from './logfold.js';
import type { Runner } from './runner.js';
import { subscription, type SubscriptionParts } from './subscription.js';

/** Who holds this process's leases. */
export const processName = `${process.pid}-${randomUUID()}`;

/** What the subscriptions of a service have in common. */
type Common = Pick<
  SubscriptionParts<any>,
  'catalog' | 'checkpoints' | 'stateKeys' | 'parked' | 'transactions' | 'leases' | 'owner' | 'leaseTtlMs' | 'onParked'
>;

/**
 * A subscription of a service, whether or not this process runs it. All that a service has to say of its subscriptions is
 * said of one list of these: which loops there are, how far they are, whose keys may be forgotten.
 */
export interface ServiceSubscription extends Omit<SubscriptionParts<any>, keyof Common> {
  readonly role: Role;
  /** True for one that has commands decided under the ids of the events that it reads. */
  readonly decides?: boolean;
}

/** True when this process runs the loops of a role. */
export function runs({ run = 'everything' }: LogfoldOptions, role: Role): boolean {
  return run === 'everything' || (run !== 'nothing' && run.includes(role));
}

/**
 * The loops of those subscriptions that this process runs, instrumented.
 * @param owner who holds the leases: this process, unless several services of a test share one
 */
export function subscriptionRunners(
  subscriptions: readonly ServiceSubscription[],
  options: LogfoldOptions,
  catalog: EventCatalog,
  owner = processName,
): Runner[] {
  return subscriptions
    .filter(({ role }) => runs(options, role))
    .map((parts) => subscriptionRunner(parts, options, catalog, owner));
}

/** One that is to stop at an error is not tried again by its runner. */
function subscriptionRunner(
  { role: _role, decides: _decides, ...parts }: ServiceSubscription,
  options: LogfoldOptions,
  catalog: EventCatalog,
  owner: string,
): Runner {
  const { database, leaseTtlMs, onParked, runner } = options;
  const { checkpoints, parked, transactions, leases, stateKeys } = database;
  const common: Common = {
    catalog,
    checkpoints,
    stateKeys,
    parked,
    transactions,
    leases,
    owner,
    ...(leaseTtlMs === undefined ? {} : { leaseTtlMs }),
    ...(onParked === undefined ? {} : { onParked }),
  };
  return subscription(
    { ...common, ...parts, handler: watched(options, parts.name, parts.handler) },
    parts.onError?.last === 'stop' ? { ...runner, retries: 0 } : runner,
  );
}
