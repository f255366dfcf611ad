// The inventory and ordering in one process, for tests that kill it: all loops, each service with its own log, without HTTP.
// Arguments: the database's URL, how long its leases last.
import 'reflect-metadata';
import { Stock } from '@logfold-example/inventory';
import { Checkout, Order } from '@logfold-example/ordering';
import { logfold } from '@logfold/core';
import { postgresDatabase, postgresTopics } from '@logfold/postgres';

const [url, leaseTtlMs] = process.argv.slice(2);
const topics = postgresTopics({ url, services: { inventory: 'inventory', ordering: 'ordering' } });
const common = {
  topics,
  leaseTtlMs: Number(leaseTtlMs),
  runner: { onError: (error, name, final) => console.log(`${name}${final ? ' gave up' : ''}: ${error}`) },
  onParked: (name, event, error) => console.log(`${name} parked ${event.type}: ${error}`),
};
const database = (service) => postgresDatabase({ service, schema: service, url });
const services = [
  logfold({ ...common, database: database('inventory'), definitions: [Stock], commandsFrom: ['ordering'] }),
  logfold({ ...common, database: database('ordering'), definitions: [Order, Checkout] }),
];
for (const service of services) await service.start();
console.log('started');
