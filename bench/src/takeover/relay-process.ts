import { logfold } from '@logfold/core';
import { kafkaTopics } from '@logfold/kafka';
import { postgresDatabase } from '@logfold/postgres';
import { SERVICE, soldByProduct } from '../sales.js';
import type { RelayOptions } from './relay.js';

// The process that is killed: a service that runs its relay and nothing else.
const { url, brokers, topic, leaseTtlMs }: RelayOptions = JSON.parse(process.argv[2]!);
const service = logfold({
  database: postgresDatabase({ service: SERVICE, url }),
  definitions: [soldByProduct(topic)],
  topics: kafkaTopics({ brokers }),
  run: ['relay'],
  leaseTtlMs,
});
await service.start();
process.send!('started');
process.once('disconnect', () => process.exit(1)); // nobody is left to measure
