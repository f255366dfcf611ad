import { logTopics, type LogfoldOptions } from '@logfold/core';
import { memoryBroker } from './broker.memory.js';
import { remoteCommandsContract, sharedPartitionsContract, type OpenedHouse } from './conformance/index.js';
import { memory } from './memory.js';

const asking = 'desk';
const answering = 'store';

remoteCommandsContract('memory, logs read directly', async () => {
  const databases = { [asking]: memory({ service: asking }), [answering]: memory({ service: answering }) };
  const topics = logTopics(databases);
  return {
    asking: asking,
    answering: answering,
    service: (name) => ({ database: databases[name as typeof asking], topics }),
    close: async () => {},
  };
});

remoteCommandsContract('memory, a broker between them', betweenBroker);
sharedPartitionsContract('memory', betweenBroker);

async function betweenBroker(): Promise<OpenedHouse> {
  const broker = memoryBroker({ pollMs: 5, rebalanceTimeoutMs: 200 });
  const databases = { [asking]: memory({ service: asking }), [answering]: memory({ service: answering }) };
  return {
    asking: asking,
    answering: answering,
    service: (name): Pick<LogfoldOptions, 'database' | 'topics'> => ({
      database: databases[name as typeof asking],
      topics: broker.topics({ group: name }),
    }),
    close: async () => {},
  };
}
