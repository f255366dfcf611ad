import type { Rejection } from './decider.js';
import { decidingHandler, type Handlers } from './deciding-handler.js';
import { InvalidDefinition, InvalidStreamName, ValidationFailed } from './errors.js';
import type { Append, EventStore } from './event-store.js';
import type { Command } from './commands.js';
import { creatorsOf, type Metadata, type Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import type { SentAt } from './handled-commands.js';
import { partitionOf } from './partition.js';
import { answerStream } from './process-events.js';
import { routeTopic, type CommandRoute, type RemoteCommand } from './remote-commands.js';
import { answersTo, newIn, rejectionOf } from './sent-commands.js';
import type { SubscriptionHandler } from './subscription.js';

/** The name of the subscription to the commands of another service's processes. */
export const receivedFrom = (service: string): string => `commands from ${service}`;

/**
 * Has the commands decided that process managers of another service sent here, once each: the sender's name and the
 * command's id are the idempotency key. They are validated anew, and the stream is what the key of this service's own
 * registry says. What is refused is answered to the sender's topic, in one transaction with the checkpoint.
 */
export function receivedCommandsHandler<Tx>(
  { from, to, commands: sending, answers, sentType }: CommandRoute,
  handlers: Handlers,
  events: EventStore<Tx>,
): SubscriptionHandler<Tx> {
  const [rejected] = creatorsOf(answers);
  const topic = routeTopic(sending);
  return {
    types: [sentType],
    async handle(received, tx) {
      const answers = await answersTo(received, decide);
      await failpoint('process.after-received');
      await events.appendAll(await newIn(events, answers, tx), { tx });
    },
  };

  /** @returns the answer, when it was refused */
  async function decide({ id, position, metadata, data }: Recorded): Promise<Append | undefined> {
    const { process, commandId, type: command } = data as RemoteCommand;
    const caused = { correlationId: metadata.correlationId, causationId: id };
    const partition = partitionOf((data as RemoteCommand).stream, topic.partitions);
    const sent = { subscription: receivedFrom(from), source: topic.name, partition, position };
    const rejection = await decision(data as RemoteCommand, caused, sent);
    if (!rejection) return undefined;
    const answer = rejected!({ process, commandId, command, rejection });
    return { stream: answerStream(commandId), events: [answer], expected: 'none', metadata: caused };
  }

  async function decision(received: RemoteCommand, metadata: Metadata, sent: SentAt): Promise<Rejection | undefined> {
    const { commands, handler } = deciding(received);
    let command: Command;
    try {
      command = commands[received.type]!(received.data);
    } catch (error) {
      if (error instanceof ValidationFailed || error instanceof InvalidStreamName)
        return { rejected: 'invalid', message: error.message };
      throw error;
    }
    return rejectionOf(handler, command, { idempotencyKey: `${from}:${received.commandId}`, metadata, sent });
  }

  function deciding({ registry, type }: RemoteCommand): NonNullable<ReturnType<typeof decidingHandler>> {
    const found = decidingHandler(handlers, registry, type);
    if (found) return found;
    throw new InvalidDefinition(
      `Service "${from}" sent ${type} of "${registry}", which no decider of service "${to}" decides: list the decider, or take it ` +
        'from its "sends"',
    );
  }
}
