import type { Decided } from './command-round.js';
import type { Command } from './commands.js';
import type { Rejection } from './decider.js';
import { CommandSettled, IdempotencyKeyReused } from './command-errors.js';
import { CommandRejected } from './errors.js';
import type { EventCatalog } from './event-catalog.js';
import type { EventStore } from './event-store.js';
import type { Event, Recorded } from './events.js';
import type { HandledCommand } from './handled-commands.js';
import type { Caller, WaitingCommand } from './mailbox.js';

/** What a handled command led to. */
export interface Handled<E extends Event = Event> {
  readonly events: readonly Recorded<E>[];
  /** The stream's version now; of a command that is answered again, the version then. */
  readonly version: number;
  /** The position of the last event; 0n when nothing was appended. */
  readonly position: bigint;
  /** It was handled before: this answers the same idempotency key again. */
  readonly replayed: boolean;
  /**
   * What to wait for until a read model shows it: text for a header or an address. When nothing was appended, it names
   * the stream's last event; undefined when there is none.
   */
  readonly token: string | undefined;
  /** For a controller that returns it: a bigint has no JSON. */
  toJSON(): { version: number; position: string };
}

/** The same before it is said how to wait for it. */
export type Answer<E extends Event = Event> = Omit<Handled<E>, 'token'>;

/** An answer to a command whose events are stored. */
export function handled<E extends Event>(version: number, events: readonly Recorded<E>[], replayed = false): Answer<E> {
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
): Promise<Answer<E>> {
  if (before.payloadHash !== payloadHash) throw new IdempotencyKeyReused(before.key, command.type, command.stream);
  if (before.rejection) throw rejected(command, before.rejection, true);
  const { stream, version, events: limit } = before;
  const range = { after: version - limit, limit };
  const events = limit === 0 ? [] : await store.readStream(stream, tx === undefined ? range : { ...range, tx });
  return handled(version, events.map((event) => catalog.current(event)) as unknown as Recorded<E>[], true);
}

/** What a decided command is answered. @throws why it was not done. */
export function answerTo<C extends Command, E extends Event>(
  { item: { command }, version, rejection, failure }: Decided<WaitingCommand<C, Answer<E>>, E>,
  events: readonly Recorded<E>[],
): Answer<E> {
  if (failure) throw failure.error;
  if (rejection) throw rejected(command, rejection);
  return handled(version, events);
}

/** Answers a decided command to everybody who waits for it. */
export function answer<C extends Command, E extends Event>(
  one: Decided<WaitingCommand<C, Answer<E>>, E>,
  events: readonly Recorded<E>[],
): void {
  const { callers } = one.item;
  try {
    tellAll(callers)(answerTo(one, events));
  } catch (error) {
    refuseAll(callers)(error);
  }
}

/** Tells an answer to everybody who waits for it: the command of the first was handled, the others sent its key again. */
export function tellAll<E extends Event>(callers: Caller<Answer<E>>[]): (answer: Answer<E>) => void {
  return (given) => {
    for (const [index, { resolve }] of callers.splice(0).entries())
      resolve(index === 0 ? given : handled(given.version, given.events, true));
  };
}

/** Tells an error to everybody who waits for an answer. */
export function refuseAll(callers: Caller<never>[]): (error: unknown) => void {
  return (error) => {
    for (const { reject } of callers.splice(0)) reject(error);
  };
}

/** Tells an error to everybody who waits for one of these commands. */
export function refuse(items: readonly WaitingCommand<any, any>[], error: unknown): void {
  for (const { callers } of items) refuseAll(callers)(error);
}

/** Refuses the commands of loops whose keys are taken though nothing is written down of them: they are settled. @returns the others */
export function withoutSettled<Item extends WaitingCommand<any, any>>(
  open: readonly Item[],
  taken: readonly string[],
): readonly Item[] {
  return open.filter((item) => {
    const { command, handled } = item;
    if (!handled?.sent || !taken.includes(handled.key)) return true;
    refuse([item], new CommandSettled(command.type, command.stream, handled.sent));
    return false;
  });
}
