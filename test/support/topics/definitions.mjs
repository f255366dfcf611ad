// Two services of the tests with processes of their own: a mill that publishes, and an echo that hears it. Plain
// JavaScript: Node runs it beside the built libraries. Their names are given, so that many pairs can share a broker.
import { events, reaction, readModel, retry, sql, type } from '@logfold/core';

/** What the mill appends: to two topics, one of them keyed by something else than the stream, and some that are private. */
export function millEvents(mill) {
  return {
    Bags: events(`${mill}.bags`, { partitions: 4 }, { BagFilled: type() }),
    Notes: events(`${mill}.notes`, { partitions: 6, key: ({ data }) => data.author }, { NoteWritten: type() }),
    Secrets: events(`${mill}.secrets`, { partitions: 1, topic: null }, { SecretKept: type() }),
  };
}

/** The read model of both topics: a row of each key shows what was folded twice, never, or in another order. */
export function tally({ Bags, Notes }) {
  const folded = (row, event, { key }) => ({
    key,
    events: (row?.events ?? 0) + 1,
    sum: (row?.sum ?? 0) + event.data.n,
    trace: traced(row?.trace ?? 0, event.position),
  });
  return readModel({
    name: 'tally',
    version: 1,
    from: [Bags, Notes],
    row: type(),
    table: sql`(key text PRIMARY KEY, events int NOT NULL, sum bigint NOT NULL, trace bigint NOT NULL)`,
    key: { BagFilled: ({ stream }) => ({ key: stream }), NoteWritten: ({ data }) => ({ key: data.author }) },
    evolve: { BagFilled: folded, NoteWritten: folded },
  });
}

/** Depends on which positions came, and in which order. */
export function traced(trace, position) {
  return (trace * 31 + Number(position % 1_000_003n)) % 1_000_003;
}

/** What the echo appends: one for each event that it heard, to a stream of the event's key. */
export function echoEvents(echo) {
  return events(`${echo}.heard`, { partitions: 1, topic: null }, { Heard: type() });
}

/** The reaction. `poisoned` tells the events that it cannot handle now. */
export function hearing({ Bags, Notes }, Echoes, database, { poisoned, from = 'beginning', onError }) {
  const hear =
    (key) =>
    async (event, { tx }) => {
      const append = { stream: `heard-${key(event)}`, expected: 'any' };
      const heard = Echoes.Heard({ key: key(event), position: String(event.position), id: event.id });
      await database.events.append({ ...append, events: [heard] }, { tx });
      await poisoned(event, tx); // behind the append: what a handler did before it failed must be gone
    };
  return reaction({
    name: 'hear',
    from: [Bags, Notes],
    startFrom: from,
    onError: onError ?? retry(1).thenPark(),
    on: { BagFilled: hear(({ stream }) => stream), NoteWritten: hear(({ data }) => data.author) },
  });
}
