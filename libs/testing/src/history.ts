import type { Anomaly } from './history-anomaly.js';
import { checkAppends } from './history-appends.js';
import { checkEffects, type SubscriptionDump } from './history-effects.js';
import { checkPolls } from './history-polls.js';
import { checkProcesses, type ProcessDump } from './history-processes.js';
import { checkReadModel, type ReadModelDump } from './history-read-models.js';
import { checkTopic, type TopicEvent, type TopicRecordSeen } from './history-topic.js';
import type { Operation } from './history-operation.js';

/** An event as it stands in the log at the end. */
export interface LoggedEvent extends TopicEvent {
  /** What the writer called it, in its data: the log's own id is not known where an append was not answered. */
  readonly chosenId?: string;
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  /** The topic that it belongs to; undefined for a private one. */
  readonly topic: string | undefined;
}

/** What was found when everything had stopped. */
export interface Dump {
  /** The whole log, in the order of its positions. */
  readonly events: readonly LoggedEvent[];
  /** The committed records of each topic's partitions, as a reader sees them that is none of ours. */
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly (readonly TopicRecordSeen[])[];
  }[];
  /** What each subscription has done. */
  readonly subscriptions?: readonly SubscriptionDump[];
  readonly readModels?: readonly ReadModelDump[];
  /** The logs of services that run process managers. */
  readonly processes?: readonly ProcessDump[];
}

/** How strictly a history is judged. */
export interface CheckOptions {
  /** False while something may still be under way: events that nobody has seen yet are no anomaly then. */
  readonly healed?: boolean;
}

/**
 * Finds everything in a history that must not be: acknowledged appends that are gone, refused ones that are there,
 * records that are lost, doubled, out of order or from nowhere, readers that disagree, effects that happened twice or
 * never. A correct history gives an empty list.
 *
 * | invariant | what holds |
 * |---|---|
 * | I1 | what was acknowledged is stored, what was refused is not, nothing is stored by half |
 * | I2 | versions run 1 … n in each stream, and expected versions were met |
 * | I3 | a topic holds the events of the log, each once |
 * | I4 | the order of a partition is that of the log, and each record names the one before |
 * | I5 | all readers saw the same |
 * | I6 | every effect happened once; a read model is the fold of the log |
 * | I7 | nothing was passed over |
 * | I9 | a process ends once, and whatever it was told counted once |
 * | I10 | in the end everything was seen |
 *
 * The names of anomalies are those of Jepsen's Kafka workload where it has one.
 */
export function checkHistory(
  history: readonly Operation[],
  dump: Dump,
  { healed = true }: CheckOptions = {},
): readonly Anomaly[] {
  const anomalies = [...checkAppends(history, dump.events), ...checkPolls(history, dump)];
  for (const { name, partitions } of dump.topics) {
    const events = dump.events.filter(({ topic }) => topic === name);
    anomalies.push(...checkTopic(events, partitions, { name }));
  }
  for (const subscription of dump.subscriptions ?? []) {
    const partitions = dump.topics.find(({ name }) => name === subscription.topic)?.partitions.length;
    anomalies.push(...checkEffects(dump.events, { partitions, ...subscription }));
  }
  for (const { events, ...timers } of dump.processes ?? []) anomalies.push(...checkProcesses(events, timers));
  for (const readModel of dump.readModels ?? []) anomalies.push(...checkReadModel(readModel));
  return healed ? anomalies : anomalies.filter(({ name }) => name !== 'unseen');
}
