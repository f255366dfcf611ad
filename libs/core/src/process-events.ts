import type { Rejection } from './decider.js';
import type { Duration } from './effects.js';
import { events, type Event, type EventOf, type Metadata, type Recorded } from './events.js';
import { type } from './schema.js';

/** An event as a process keeps it: as it was recorded, in what JSON can hold. */
export interface KeptEvent extends Omit<Recorded, 'position' | 'recordedAt' | 'data' | 'metadata'> {
  readonly position: string;
  readonly recordedAt: string;
  readonly data: unknown;
  readonly metadata: Metadata;
}

/**
 * What process managers write into the log, beside the events that they publish. Private to the service. The stream of
 * an instance holds its inputs and its effects, in order, and nobody writes to it but its process manager; what timers
 * and deciders answer are events of their own, each in a stream that can hold only one.
 */
export const ProcessEvents = events(
  'logfold.processes',
  { topic: null, partitions: 1 },
  {
    // The inputs, in the instance's stream.
    'logfold.EventReceived': type<{ event: KeptEvent }>(),
    'logfold.TimeoutReceived': type<{ timerId: string; name: string }>(),
    'logfold.RejectionReceived': type<{ commandId: string; command: string; rejection: Rejection }>(),
    // The effects, in the instance's stream. A command's id, and its idempotency key, is that of this event.
    'logfold.CommandSent': type<{ registry: string; type: string; data: unknown; stream: string }>(),
    'logfold.TimerSet': type<{ timerId: string; name: string; after: Duration }>(),
    'logfold.TimerCancelled': type<{ timerId: string; name: string }>(),
    'logfold.ProcessCompleted': type<Record<string, never>>(),
    // What processes hear besides events; `process` is the instance's stream.
    'logfold.TimerFired': type<{ process: string; timerId: string; name: string }>(),
    'logfold.CommandRejected': type<{ process: string; commandId: string; command: string; rejection: Rejection }>(),
  },
);

/** An event that process managers write. */
export type ProcessEvent = EventOf<typeof ProcessEvents>;

/** What is heard by process managers besides the events that they name. */
export const HEARD = ['logfold.TimerFired', 'logfold.CommandRejected'] as const;

/** What the loops of process managers look for in the log besides those events. */
export const FOLLOWED = [...HEARD, 'logfold.CommandSent'] as const;

/** The stream that holds a timer's only event. */
export const timerStream = (timerId: string): string => `logfold_timer-${timerId}`;

/** The stream that holds the only answer to a command. */
export const answerStream = (commandId: string): string => `logfold_command-${commandId}`;

/** An event as a process keeps it. */
export function kept({ position, recordedAt, ...event }: Recorded): KeptEvent {
  return { ...event, position: String(position), recordedAt: recordedAt.toISOString() };
}

/** The event that a process kept. */
export function unkept({ position, recordedAt, ...event }: KeptEvent): Recorded {
  return { ...event, position: BigInt(position), recordedAt: new Date(recordedAt) };
}

/** True for an event that process managers write. */
export function isProcessEvent(event: Event): event is ProcessEvent {
  return event.type in ProcessEvents;
}
