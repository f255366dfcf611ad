import { partitionOf } from '@logfold/core';
import { anomaly, type Anomaly } from './history-anomaly.js';
import type { LoggedEvent } from './history.js';

/** What a subscription has done, in the order in which it was committed. */
export interface SubscriptionDump {
  readonly name: string;
  /** The topic that it reads; undefined for the log itself. */
  readonly topic?: string | undefined;
  /** How many partitions the topic has: within one, nothing is passed over. Unless given, within one key. */
  readonly partitions?: number | undefined;
  /** The types that it asks for; all unless given. */
  readonly types?: readonly string[];
  /** Where it began, if not with the first event: events at or before it are none of its. */
  readonly from?: bigint;
  /** One for each effect; `id` is that of the event. */
  readonly effects: readonly { readonly id: string }[];
  /** Events that are parked, or were skipped by a person: they need no effect. */
  readonly parked?: readonly string[];
}

/**
 * I6, I7 and I10: each event that a subscription asks for had its effect, once, and in order among those of its key;
 * none was passed over, and none is left.
 */
export function checkEffects(events: readonly LoggedEvent[], subscription: SubscriptionDump): Anomaly[] {
  const { name, topic, types, from = 0n, effects, parked = [] } = subscription;
  const logged = new Map(events.map((event) => [event.id, event]));
  const wanted = events.filter(
    (event) =>
      (topic === undefined || event.topic === topic) &&
      (types === undefined || types.includes(event.type)) &&
      event.position > from,
  );
  const mayBe = new Set(wanted.map(({ id }) => id));
  const excused = new Set(parked);
  const done = new Set<string>();
  const lastOfKey = new Map<string, LoggedEvent>();
  const lastOfLane = new Map<string | number, LoggedEvent>();
  const found: Anomaly[] = [];
  for (const { id } of effects) {
    const event = logged.get(id);
    if (!event || !mayBe.has(id)) {
      found.push(
        anomaly('aborted-read', 'I6', name, [event ?? { id }], event ? 'is none of its events' : 'is not in the log'),
      );
      continue;
    }
    if (done.has(id)) found.push(anomaly('duplicate', 'I6', name, [event], 'had its effect twice'));
    else found.push(...checkTurn(name, lastOfKey.get(event.key), event));
    if (!done.has(id)) lastOfKey.set(event.key, event);
    const lane = laneOf(event, subscription);
    const last = lastOfLane.get(lane);
    if (!last || last.position < event.position) lastOfLane.set(lane, event);
    done.add(id);
  }
  for (const event of wanted) {
    if (done.has(event.id) || excused.has(event.id)) continue;
    const last = lastOfLane.get(laneOf(event, subscription));
    found.push(
      last && last.position > event.position
        ? anomaly('poll-skip', 'I7', name, [event], `was passed over: ${last.id} behind it had its effect`)
        : anomaly('unseen', 'I10', name, [event], 'had no effect yet'),
    );
  }
  return found;
}

/** Within what the subscription goes on in order: the log, a partition, or a key. */
function laneOf({ key }: LoggedEvent, { topic, partitions }: SubscriptionDump): string | number {
  if (topic === undefined) return 'log';
  return partitions === undefined ? key : partitionOf(key, partitions);
}

function checkTurn(name: string, before: LoggedEvent | undefined, event: LoggedEvent): Anomaly[] {
  if (!before || before.position < event.position) return [];
  return [anomaly('nonmonotonic-poll', 'I6', name, [before, event], 'had their effects in this order')];
}
