import type { Command } from './commands.js';
import type { Rejection } from './decider.js';
import { CommandRejected, IdempotencyKeyReused } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import type { EventStore } from './event-store.js';
import type { Event, Recorded } from './events.js';
import type { HandledCommand } from './handled-commands.js';

/** What a handled command led to. */
export interface Handled<E extends Event = Event> {
  readonly events: readonly Recorded<E>[];
  /** The stream's version now; of a command that is answered again, the version then. */
  readonly version: number;
  /** The position of the last event; 0n when nothing was appended. */
  readonly position: bigint;
  /** It was handled before: this answers the same idempotency key again. */
  readonly replayed: boolean;
  /** For a controller that returns it: a bigint has no JSON. */
  toJSON(): { version: number; position: string };
}

/** An answer to a command whose events are stored. */
export function handled<E extends Event>(
  version: number,
  events: readonly Recorded<E>[],
  replayed = false,
): Handled<E> {
  const position = events.at(-1)?.position ?? 0n;
  return { events, version, position, replayed, toJSON: () => ({ version, position: String(position) }) };
}

/** The error that tells a rejection. */
export function rejected(command: Command, { rejected: code, message, details }: Rejection, replayed = false): Error {
  return new CommandRejected(command.type, command.stream, code, message, details, replayed);
}

/**
 * The first answer to a command, from what was written down of it.
 * @throws CommandRejected when that was the answer; IdempotencyKeyReused when it was another command.
 */
export async function answeredAgain<E extends Event, Tx>(
  command: Command,
  payloadHash: string,
  before: HandledCommand,
  store: EventStore<Tx>,
  catalog: EventCatalog,
  tx?: Tx,
): Promise<Handled<E>> {
  if (before.payloadHash !== payloadHash) throw new IdempotencyKeyReused(before.key, command.type, command.stream);
  if (before.rejection) throw rejected(command, before.rejection, true);
  const { stream, version, events: limit } = before;
  const range = { after: version - limit, limit };
  const events = limit === 0 ? [] : await store.readStream(stream, tx === undefined ? range : { ...range, tx });
  return handled(version, events.map((event) => catalog.current(event)) as unknown as Recorded<E>[], true);
}
