import type { Handler } from './command-handler.js';
import type { Command } from './commands.js';
import { AppendOutcomeUnknown, CommandRejected, DatabaseUnavailable } from './errors.js';
import type { Append, EventStore } from './event-store.js';
import type { EventOf, Recorded } from './events.js';
import { failpoint } from './failpoint.js';
import { answerStream, ProcessEvents } from './process-events.js';
import type { SubscriptionHandler } from './subscription.js';

/** The name of the subscription that has the commands of processes decided. */
export const SENT_COMMANDS = 'commands of processes';

/** Commands that are decided at once, in one transaction of the subscription. */
export const SENT_AT_ONCE = 200;

type Sent = Recorded<EventOf<typeof ProcessEvents, 'logfold.CommandSent'>>;

/**
 * Has the commands decided that process managers sent: each through its decider's handler, under the id of the event
 * that sent it, so that it is decided once however often it is tried. The key is kept for good: whoever was frozen in the
 * middle may try at any time. What was refused goes back to its process, in one transaction with the checkpoint.
 * @param handlerOf the handler of a command's decider. @throws InvalidDefinition when there is none
 */
export function sentCommandsHandler<Tx>(
  handlerOf: (registry: string, command: string) => Handler,
  events: EventStore<Tx>,
): SubscriptionHandler<Tx> {
  return {
    types: ['logfold.CommandSent'],
    async handle(sent, tx) {
      const decided = await Promise.allSettled(sent.map((each) => decide(each as unknown as Sent)));
      await failpoint('process.after-command');
      const answers: Append[] = [];
      for (const outcome of decided) {
        if (outcome.status === 'rejected') throw outcome.reason;
        if (outcome.value) answers.push(outcome.value);
      }
      await events.appendAll(answers, { tx });
    },
  };

  /** @returns the answer to its process, when it was refused */
  async function decide({ id, stream: process, metadata, data }: Sent): Promise<Append | undefined> {
    const { registry, type, stream } = data;
    const command: Command = { type, data: data.data, stream };
    const handler = handlerOf(registry, type);
    const caused = { correlationId: metadata.correlationId, causationId: id };
    try {
      await handler.handle(command, { idempotencyKey: id, keepKey: true, metadata: caused });
      return undefined;
    } catch (error) {
      if (error instanceof AppendOutcomeUnknown)
        // its key makes it safe to repeat: no reason to park it
        throw new DatabaseUnavailable(error.message, { cause: error });
      if (!(error instanceof CommandRejected)) throw error;
      const { rejected, message, details } = error;
      const rejection = details === undefined ? { rejected, message } : { rejected, message, details };
      const answer = ProcessEvents['logfold.CommandRejected']({ process, commandId: id, command: type, rejection });
      return { stream: answerStream(id), events: [answer], expected: 'none', metadata: caused };
    }
  }
}
