import type { Recorded } from './events.js';
import type { Rebuild } from './rebuild.js';
import type { LostRecords } from './relay-plan.js';

/** Who is told of what happens in a service. None of them may throw: the loop that tells it would take that for its own error. */
export interface ServiceListeners {
  /** Told when an event could not be handled and its key was parked. */
  readonly onParked?: (subscription: string, event: Recorded, error: unknown) => void;
  /** Told of each step of a rebuild that this process takes: begun, following the checkpoint, verified, switched, failed. */
  readonly onRebuild?: (rebuild: Rebuild) => void;
  /** Told when a process manager ignored an event: it concerned no open instance. Maybe more than once. */
  readonly onIgnored?: (process: string, event: Recorded) => void;
  /** Told at start of what is no error, but may become one: events of types that this code does not know. */
  readonly onWarning?: (warning: string) => void;
  /** Told when a broker had lost records that it had acknowledged; they are sent again. */
  readonly onLost?: (lost: LostRecords) => void;
  /** Told how far the relay of this process has sent the log. */
  readonly onRelayed?: (position: bigint) => void;
}
