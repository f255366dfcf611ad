import type { Rebuild } from './rebuild.js';
import type { RunnerStatus } from './runner.js';

/** How a service is doing, as this process sees it. */
export interface ServiceStatus {
  readonly service: string;
  /** The loops of this process. */
  readonly runners: readonly (RunnerStatus & { readonly name: string })[];
  /** Every subscription of the service that has begun, in whatever process it runs. */
  readonly subscriptions: readonly SubscriptionStatus[];
  /**
   * Positions that an append has drawn and that may still be committed, and how long this process has waited for the first of
   * them: no reader passes it.
   */
  readonly inFlight: Behind;
  /** Undefined where nothing is sent, or where another process sends it. */
  readonly relay: Behind | undefined;
  /** What is parked, by subscription; those without are absent. */
  readonly parked: readonly ParkedStatus[];
  /** Timers that are due and have not fired, 1,000 at most. */
  readonly timersDue: number;
  /** Rebuilds that are under way. */
  readonly rebuilds: readonly Rebuild[];
  /** Sources of other services that could not be asked how long they are, each with why. */
  readonly unreachable: readonly { readonly source: string; readonly error: unknown }[];
}

/** How far something is behind. */
export interface Behind {
  /** Positions that are not done; there may be fewer events, since positions have holes. */
  readonly positions: bigint;
  /**
   * How long the first that is not done has waited. Of a topic: for how long this process has known that there is more,
   * so that it begins with 0 in a new process.
   */
  readonly seconds: number;
}

/** How far a subscription is in one of its sources; of several partitions the one that is furthest behind. */
export interface SubscriptionStatus {
  readonly subscription: string;
  readonly source: string;
  /** Undefined while it cannot be told: the source could not be asked. */
  readonly behind: Behind | undefined;
}

/** What is parked of a subscription. */
export interface ParkedStatus {
  readonly subscription: string;
  readonly keys: number;
  readonly events: number;
  /** Since the oldest was parked. */
  readonly oldestSeconds: number;
}
