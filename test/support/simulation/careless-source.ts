import { Chain, type Source, type SourceBatch, type SourceEvent, type TopicDeclaration } from '@logfold/core';
import type { MemoryBroker } from '@logfold/testing';

/** How a reader of a topic may go wrong; its client leaks aborted records in any case, always the same ones. */
export interface Carelessness {
  /** What follows a partition: core's chain unless given. */
  readonly chain?: (checkpoint: bigint) => Pick<Chain, 'checkpoint' | 'offer' | 'atEnd'>;
  /** Takes the last stable offset for the end of the partition, and what is missing there for lost. */
  readonly endsWithStable?: boolean;
  /** Reads again from the offset that it began with when something is missing before a record. */
  readonly goesBack?: boolean;
}

const FETCH = 5;
const POLL_MS = 10;

/** A reader of all partitions that may be careless. */
export function carelessSource(
  broker: MemoryBroker,
  topic: TopicDeclaration,
  { chain = (checkpoint) => new Chain(checkpoint), endsWithStable = false, goesBack = false }: Carelessness = {},
): Source {
  return {
    name: topic.name,
    shared: true,
    ends: () => Promise.reject(new Error('Nobody rebuilds a read model from a careless source')),
    async *read({ checkpoints, signal }) {
      broker.createTopic(topic);
      const group = broker.group('careless', topic);
      const member = group.join();
      try {
        while (!signal.aborted) {
          await Promise.resolve();
          const assignment = group.assignment(member);
          if (!assignment) {
            await broker.news.wait(member, POLL_MS, signal);
            continue;
          }
          const { partitions } = assignment;
          const begin = async (missing: readonly number[]) => new Map(missing.map((one) => [one, { position: 0n }]));
          const loaded = await checkpoints.load(partitions, begin);
          const states = partitions.map((one) => ({ one, chain: chain(loaded.get(one)!.position), offset: 0n }));
          while (!signal.aborted && group.holds(member, assignment)) {
            broker.reach();
            let idle = true;
            for (const state of states) {
              if (!group.holds(member, assignment)) break;
              const batch = readOn(state.one, state);
              idle &&= batch === undefined;
              if (batch && batch !== 'again') yield batch;
            }
            if (idle) await broker.news.wait(member, POLL_MS, signal);
          }
        }
      } finally {
        group.leave(member);
      }
    },
  };

  function readOn(
    number: number,
    state: { readonly chain: Pick<Chain, 'checkpoint' | 'offer' | 'atEnd'>; offset: bigint },
  ): SourceBatch | 'again' | undefined {
    const partition = broker.partition(topic.name, number);
    const before = state.offset;
    const from = state.chain.checkpoint;
    const { records, next } = partition.fetch(before, FETCH, (offset) => offset % 3n === 0n);
    state.offset = next;
    const events: SourceEvent[] = [];
    for (const { offset, record } of records) {
      if (!('log' in record)) continue;
      const { event, previous, log } = record;
      const judged = state.chain.offer({ position: event.position, previous }, offset);
      if (judged === 'step over' && goesBack) {
        state.offset = before;
        break;
      }
      if (judged !== 'accept') continue;
      const checkpoint = { position: event.position, eventId: event.id, logId: log.id };
      events.push({
        event: { ...event, data: JSON.parse(event.dataJson) },
        partition: number,
        key: event.key,
        checkpoint,
      });
    }
    const last = events.at(-1);
    if (last) return { events, moves: [{ partition: number, from, to: last.checkpoint }] };
    const end = endsWithStable ? partition.lastStable : partition.end;
    if (state.offset < end) return state.offset > before ? 'again' : undefined;
    const what = state.chain.atEnd();
    if (what.step === 'wait') return undefined;
    if (what.step === 'gap') {
      const committed = partition.ofLogs().at(-1)?.event.position ?? 0n;
      if (committed < what.link.position && !endsWithStable) return undefined; // it has leaked; the true one will come
      throw new Error(`The chain of partition ${number} is broken at ${what.link.position}`);
    }
    state.offset = what.step === 'go back' ? what.to : 0n;
    return 'again';
  }
}
