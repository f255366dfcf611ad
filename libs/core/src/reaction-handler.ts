import type { Reaction } from './reaction.js';
import type { SubscriptionHandler } from './subscription.js';

/** Brings events to a reaction, one after the other. */
export function reactionHandler<Tx>(reaction: Reaction): SubscriptionHandler<Tx> {
  return {
    types: reaction.types,
    async handle(events, tx) {
      for (const event of events) await reaction.handle(event, { tx, idempotencyKey: `${reaction.name}:${event.id}` });
    },
  };
}
