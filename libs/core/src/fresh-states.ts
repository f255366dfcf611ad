import type { SourceEvent } from './source.js';
import type { SubscriptionParts } from './subscription.js';

/** An event with the key that orders it. */
export type KeyedEvent = SourceEvent & { readonly key: string };

/**
 * Leaves out rows of state topics that are not behind what was handled of their key: by position and key, not by the place
 * in the topic. Notes those that are, in the transaction that handles them. Events are not touched.
 */
export async function freshStates<Tx>(
  events: readonly KeyedEvent[],
  { name, catalog, stateKeys }: Pick<SubscriptionParts<Tx>, 'name' | 'catalog' | 'stateKeys'>,
  tx: Tx,
): Promise<readonly KeyedEvent[]> {
  if (!stateKeys) return events;
  const keys = new Map<string, Set<string>>();
  for (const { event, key } of events) {
    const topic = catalog.stateOf(event);
    if (topic !== undefined) keys.set(topic, (keys.get(topic) ?? new Set()).add(key));
  }
  if (keys.size === 0) return events;
  const handled = new Map<string, Map<string, bigint>>();
  for (const [topic, some] of keys) handled.set(topic, new Map(await stateKeys.load(tx, name, topic, [...some])));
  const moved = new Map<string, Map<string, bigint>>();
  const fresh = events.filter(({ event, key }) => {
    const topic = catalog.stateOf(event);
    if (topic === undefined) return true;
    const positions = handled.get(topic)!;
    if (event.position <= (positions.get(key) ?? 0n)) return false;
    positions.set(key, event.position);
    moved.set(topic, (moved.get(topic) ?? new Map<string, bigint>()).set(key, event.position));
    return true;
  });
  for (const [topic, positions] of moved) await stateKeys.save(tx, name, topic, positions);
  return fresh;
}
