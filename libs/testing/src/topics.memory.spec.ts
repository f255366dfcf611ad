import { uuidv7 } from '@logfold/core';
import { memoryBroker } from './broker.memory.js';
import { topicsContract } from './conformance/topics.contract.js';

topicsContract('memory', async () => {
  const broker = memoryBroker({ pollMs: 5, rebalanceTimeoutMs: 200 });
  return {
    topics: () => broker.topics(),
    newTopic: (partitions) => ({ name: `things.t${uuidv7().replaceAll('-', '')}`, partitions }),
    dump: async ({ name }) =>
      broker.dump(name).map((records) =>
        records.flatMap(({ record }) => {
          if (!('log' in record)) return [];
          const { id, position, key } = record.event;
          return [{ id, position, previous: record.previous, key }];
        }),
      ),
    writeForeign: async ({ name }, partition) => broker.write(name, partition, { foreign: 'from somebody else' }),
    deleteRecords: async ({ name, partitions }) => {
      for (let partition = 0; partition < partitions; partition++) broker.deleteRecords(name, partition);
    },
    close: async () => {},
  };
});
