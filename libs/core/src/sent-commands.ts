import type { Handler } from './handler.js';
import { CommandSettled } from './command-errors.js';
import type { Command } from './commands.js';
import type { Rejection } from './decider.js';
import { AppendOutcomeUnknown, CommandRejected, DatabaseUnavailable } from './errors.js';
import type { Append, EventStore } from './event-store.js';
import { creatorsOf, type Event, type EventOf, type Metadata, type Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import type { SentAt } from './handled-commands.js';
import { answerStream, ProcessEvents } from './process-events.js';
import type { CommandRoute, RemoteCommand } from './remote-commands.js';
import type { SubscriptionHandler } from './subscription.js';

/** The name of the subscription that has the commands of processes decided. */
export const SENT_COMMANDS = 'commands of processes';

/** Commands that are decided at once: as many as surely find room in the mailbox of one stream. */
export const SENT_AT_ONCE = 200;

type Sent = Recorded<EventOf<typeof ProcessEvents, 'logfold.CommandSent'>>;

/** Where a command is decided: by a handler of this service, or at the end of a route to another one. */
export type Destination = Handler | CommandRoute;

/**
 * Has the commands decided that process managers sent: each through its decider's handler, under the id of the event
 * that sent it, so that it is decided once however often it is tried. The key is kept until it is settled: whoever was
 * frozen in the middle may try at any time. What was refused goes back to its process, in one transaction with the checkpoint; and so
 * goes what other services have to decide, to their topics.
 * @param service whose log is read
 * @param destinationOf the handler of a command's decider, or the route to it. @throws InvalidDefinition when there is none
 */
export function sentCommandsHandler<Tx>(
  service: string,
  destinationOf: (registry: string, command: string) => Destination,
  events: EventStore<Tx>,
): SubscriptionHandler<Tx> {
  return {
    types: ['logfold.CommandSent'],
    async handle(received, tx) {
      const sent = received as unknown as readonly Sent[];
      const leaving = new Leaving();
      const answers = await answersTo(sent, (each) => decide(each, leaving));
      await failpoint('process.after-command');
      await events.appendAll([...(await newIn(events, answers, tx)), ...leaving.appends()], { tx });
    },
  };

  /** @returns the answer to its process, when it was refused */
  async function decide(sent: Sent, leaving: Leaving): Promise<Append | undefined> {
    const { id, stream: process, position, metadata, data } = sent;
    const { registry, type, stream } = data;
    const destination = destinationOf(registry, type);
    const caused = { correlationId: metadata.correlationId, causationId: id };
    if ('answers' in destination) {
      leaving.add(destination, { process, commandId: id, ...data }, caused);
      return undefined;
    }
    const command: Command = { type, data: data.data, stream };
    const at = { subscription: SENT_COMMANDS, source: service, partition: 0, position };
    const rejection = await rejectionOf(destination, command, { idempotencyKey: id, metadata: caused, sent: at });
    if (!rejection) return undefined;
    const answer = ProcessEvents['logfold.CommandRejected']({ process, commandId: id, command: type, rejection });
    return { stream: answerStream(id), events: [answer], expected: 'none', metadata: caused };
  }
}

/**
 * Has a command decided that a loop may repeat at any time.
 * @returns why it was refused; undefined when it was not, or when that was told long ago
 */
export async function rejectionOf(
  handler: Handler,
  command: Command,
  options: { readonly idempotencyKey: string; readonly metadata: Metadata; readonly sent: SentAt },
): Promise<Rejection | undefined> {
  try {
    await handler.handle(command, options);
    return undefined;
  } catch (error) {
    if (error instanceof AppendOutcomeUnknown)
      // its key makes it safe to repeat: no reason to park it
      throw new DatabaseUnavailable(error.message, { cause: error });
    if (error instanceof CommandSettled) return undefined;
    if (!(error instanceof CommandRejected)) throw error;
    const { rejected, message, details } = error;
    return details === undefined ? { rejected, message } : { rejected, message, details };
  }
}

/**
 * Has commands decided in their order, some at once, and none behind one that could not be decided.
 * @returns the answers to those that were refused
 * @throws why the first one failed that was not decided
 */
export async function answersTo<Sent>(
  commands: readonly Sent[],
  decide: (command: Sent) => Promise<Append | undefined>,
): Promise<Append[]> {
  const answers: Append[] = [];
  for (let first = 0; first < commands.length; first += SENT_AT_ONCE) {
    const some = commands.slice(first, first + SENT_AT_ONCE);
    for (const outcome of await Promise.allSettled(some.map(decide))) {
      if (outcome.status === 'rejected') throw outcome.reason;
      if (outcome.value) answers.push(outcome.value);
    }
  }
  return answers;
}

/** Those answers that were not given before: whoever was set back sends a command again, and hears of the same refusal. */
export async function newIn<Tx>(events: EventStore<Tx>, answers: readonly Append[], tx: Tx): Promise<Append[]> {
  const found: Append[] = [];
  for (const answer of answers)
    if ((await events.readStream(answer.stream, { limit: 1, tx })).length === 0) found.push(answer);
  return found;
}

/** Commands that leave this service, each in a stream of its destination: in the log they stand as they were sent. */
class Leaving {
  readonly #sent = new Map<CommandRoute, { readonly event: Event; readonly metadata: Metadata }[]>();

  add(route: CommandRoute, command: RemoteCommand, metadata: Metadata): void {
    const event = creatorsOf(route.commands)[0]!(command);
    const sent = this.#sent.get(route) ?? [];
    this.#sent.set(route, sent);
    sent.push({ event, metadata });
  }

  appends(): Append[] {
    return [...this.#sent].map(([{ to }, sent]) => ({
      stream: `logfold_commands-${to}`,
      events: sent.map(({ event }) => event),
      commands: sent.map(({ metadata }) => ({ events: 1, metadata })),
      expected: 'any',
    }));
  }
}
