import type { Command } from './commands.js';
import { InvalidDefinition } from './errors.js';
import type { Event } from './events.js';

/** A span of time as ISO 8601 writes it, in one unit: `PT15M`, `PT30S`, `PT2H`, `P30D`. */
export type Duration = `PT${number}${'H' | 'M' | 'S'}` | `P${number}D`;

/** Something that a process manager wants done. Plain data: nothing happens before it is in the log. */
export type Effect<C extends Command = Command, E extends Event = Event, N extends string = string> =
  | { readonly effect: 'send'; readonly command: C }
  | { readonly effect: 'publish'; readonly event: E }
  | { readonly effect: 'timeout'; readonly name: N; readonly after: Duration }
  | { readonly effect: 'cancel'; readonly name: N }
  | { readonly effect: 'complete' };

/** Has a command decided. When it is rejected, the process hears of it in `rejected`. */
export function send<C extends Command>(command: C): { readonly effect: 'send'; readonly command: C } {
  return { effect: 'send', command };
}

/** Tells everybody: the event goes to the process's own stream, and to its topic where it has one. */
export function publish<E extends Event>(event: E): { readonly effect: 'publish'; readonly event: E } {
  return { effect: 'publish', event };
}

/**
 * Wakes the process after a time, counted from now by the clock of the database. One of the same name that is still
 * open is replaced.
 * @example timeout('payment', 'PT15M')
 */
export function timeout<const N extends string>(
  name: N,
  after: Duration,
): { readonly effect: 'timeout'; readonly name: N; readonly after: Duration } {
  return { effect: 'timeout', name, after };
}

/** Takes a timeout back, also one that fires at this moment. Does nothing when none of the name is open. */
export function cancel<const N extends string>(name: N): { readonly effect: 'cancel'; readonly name: N } {
  return { effect: 'cancel', name };
}

/** The end of this process: what it still waits for is cancelled, what comes later is ignored. The last of the effects. */
export function complete(): { readonly effect: 'complete' } {
  return { effect: 'complete' };
}

const UNIT_MS = { S: 1_000, M: 60_000, H: 3_600_000, D: 86_400_000 } as const;
const LONGEST_MS = 3_650 * UNIT_MS.D;

/** A duration in milliseconds. @throws InvalidDefinition for one of another form, or of more than ten years. */
export function durationMs(duration: Duration): number {
  const [, time, timeUnit, days] = /^P(?:T(\d+(?:\.\d+)?)([HMS])|(\d+)D)$/.exec(duration) ?? [];
  const ms = days === undefined ? Number(time) * UNIT_MS[timeUnit as 'S'] : Number(days) * UNIT_MS.D;
  if (!(ms <= LONGEST_MS))
    throw new InvalidDefinition(
      `A timeout after ${JSON.stringify(duration)} cannot be: write PT30S, PT15M, PT2H or P30D, ten years at most`,
    );
  return Math.round(ms);
}
