import {
  PublishFailed,
  type PartitionTail,
  type Publisher,
  type TopicDeclaration,
  type TopicRecord,
} from '@logfold/core';
import type { MemoryBroker, Producer, VirtualClock } from '@logfold/testing';

/** Remembers nothing of the topics: what the mark says was sent, was sent. */
export function withoutTails(honest: Publisher): Publisher {
  return withPartitions(honest, async (begin) => {
    const session = await begin();
    return {
      session,
      partitions: session.partitions.map((partition) => ({ ...partition, last: undefined })),
    };
  });
}

/** Reads how far the partitions got, and only then ends the sessions before. */
export function tailsBeforeFence(honest: Publisher, broker: MemoryBroker, clock: VirtualClock): Publisher {
  return withPartitions(honest, async (begin, topics) => {
    for (const topic of topics) broker.createTopic(topic);
    const partitions = topics.flatMap((topic) => tailsOf(broker, topic));
    await clock.sleep(20, new AbortController().signal);
    return { session: await begin(), partitions };
  });
}

/**
 * Goes on with the same epoch after an error. With `aborts` it first sends EndTxn(abort), takes that for the outcome
 * whatever the answer is, and sends again what was in the transaction.
 */
export function keptProducer(broker: MemoryBroker, { aborts }: { readonly aborts: boolean }): Publisher {
  let producer: Producer | undefined;
  return {
    async begin({ log, topics, mayBegin }) {
      for (const topic of topics) broker.createTopic(topic);
      if (!producer && !(await mayBegin())) throw new PublishFailed('Another one publishes');
      const { transactions, faults } = broker;
      producer ??= transactions.init(`${log.name}-relay`);
      const epoch = producer;
      const send = async (records: readonly TopicRecord[]): Promise<void> => {
        const partitions = records.map(({ event, partition }) => broker.partition(event.topic, partition));
        transactions.add(epoch, partitions);
        for (const [index, { event, previous }] of records.entries()) {
          await Promise.resolve();
          transactions.produce(epoch, partitions[index]!, [{ log, event, previous }]);
        }
        if (faults.strikes('end.lost')) throw new PublishFailed('EndTxn was not answered');
        transactions.end(epoch, 'committed');
        if (faults.strikes('end.answer-lost')) throw new PublishFailed('EndTxn was not answered');
      };
      return {
        partitions: topics.flatMap((topic) => tailsOf(broker, topic)),
        async publish(records) {
          broker.reach();
          const some = records.slice(0, 4);
          for (let left = aborts ? 1 : 0; ; left--)
            try {
              await send(some);
              break;
            } catch (error) {
              if (String(error).includes('is over')) producer = undefined; // another one began
              if (!producer || left === 0) throw error;
              await aborted(epoch);
            }
          return some.length;
        },
        async *recordsBehind() {},
        close: async () => {},
      };
    },
  };

  async function aborted(epoch: Producer): Promise<void> {
    await Promise.resolve();
    try {
      broker.transactions.end(epoch, 'aborted');
    } catch {} // so it has no open transaction: as good as aborted
  }
}

type Begun = Awaited<ReturnType<Publisher['begin']>>;

/** A publisher whose sessions say something else about the partitions. */
function withPartitions(
  honest: Publisher,
  opened: (
    begin: () => Promise<Begun>,
    topics: readonly TopicDeclaration[],
  ) => Promise<{ session: Begun; partitions: readonly PartitionTail[] }>,
): Publisher {
  return {
    async begin(options) {
      const { session, partitions } = await opened(() => honest.begin(options), options.topics);
      return {
        partitions,
        publish: (records) => session.publish(records),
        recordsBehind: (...place) => session.recordsBehind(...place),
        close: () => session.close(),
      };
    },
  };
}

function tailsOf(broker: MemoryBroker, { name, partitions }: TopicDeclaration): PartitionTail[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const found = broker.partition(name, partition);
    const last = found.ofLogs().at(-1);
    const { end } = found;
    if (!last) return { topic: name, partition, end, last: undefined };
    const { event, log } = last;
    return { topic: name, partition, end, last: { position: event.position, eventId: event.id, log } };
  });
}
