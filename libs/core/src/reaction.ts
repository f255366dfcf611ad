import { InvalidDefinition } from './errors.js';
import type { Each, Event, Recorded } from './events.js';
import { checkHyphenatedName } from './names.js';
import { retry, type RetryPolicy } from './retry-policy.js';
import type { StartFrom } from './source.js';

/** What a reaction is given beside the event. */
export interface ReactionContext<Tx = unknown> {
  /** The transaction that also moves the checkpoint: what is written and appended with it happens once. */
  readonly tx: Tx;
  /** The same whenever this event is handled again: give it to systems outside, where effects may happen twice. */
  readonly idempotencyKey: string;
}

/** Work that is done once for each event, in one transaction with its checkpoint. */
export interface Reaction {
  readonly kind: 'reaction';
  readonly name: string;
  readonly types: readonly string[];
  /** The registries that declare the types. */
  readonly from: readonly object[];
  readonly startFrom: StartFrom;
  readonly onError: RetryPolicy;
  handle(event: Recorded, context: ReactionContext<any>): void | Promise<void>;
}

type Of<E extends Event, N> = Recorded<Extract<E, { type: N }>>;

/**
 * Defines a reaction.
 * @param definition.name unique in the service; its progress is kept under it
 * @param definition.startFrom where the first deployment begins: there is no default, since all of history would be acted on
 * @param definition.onError `retry(5).thenPark()` unless given
 * @throws InvalidDefinition
 * @example reaction({ name: 'notify_manufacturer', from: [StockEvents], startFrom: 'now',
 *   on: { StockDepleted: async ({ data }, { tx }) => { … } } })
 */
export function reaction<const R extends readonly object[], T extends Each<R>['type']>(definition: {
  readonly name: string;
  readonly from: R;
  readonly startFrom: StartFrom;
  readonly onError?: RetryPolicy;
  readonly on: {
    readonly [N in T]: (event: Of<Each<NoInfer<R>>, N>, context: ReactionContext<any>) => void | Promise<void>;
  };
}): Reaction {
  const { name, from, startFrom, onError = retry(5).thenPark(), on } = definition;
  checkHyphenatedName('Reaction', name);
  const handlers = new Map(Object.entries(on as Record<string, Reaction['handle']>));
  if (handlers.size === 0) throw new InvalidDefinition(`Reaction "${name}" handles no event: name one in "on"`);
  for (const type of handlers.keys())
    if (!from.some((registry) => type in registry))
      throw new InvalidDefinition(`Reaction "${name}" handles ${type}, which no registry in its "from" declares`);
  if (startFrom === undefined)
    throw new InvalidDefinition(
      `Reaction "${name}" needs "startFrom": 'beginning' acts on all of history, 'now' on what happens from now on`,
    );
  return {
    kind: 'reaction',
    name,
    types: [...handlers.keys()],
    from,
    startFrom,
    onError,
    handle: (event, context) => handlers.get(event.type)!(event, context),
  };
}
