// The service that hears, in a process of its own for tests that kill and freeze it: folds the mill's events into a read
// model, and appends an event of its own for each. Argument: the options as JSON.
import { existsSync } from 'node:fs';
import { logfold, retry } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { connected, said } from './connection.mjs';
import { echoEvents, hearing, millEvents, tally } from './definitions.mjs';

const options = JSON.parse(process.argv[2]);
const {
  mill,
  echo,
  url,
  leaseTtlMs,
  run = ['read-models', 'reactions'],
  from,
  poison = [],
  cure,
  stop,
  slowMs,
} = options;
const database = postgresDatabase({ service: echo, url, schema: echo });
const events = millEvents(mill);
const { topics, close } = connected({ ...options, service: echo });

/** Bags with these numbers cannot be handled until the file `cure` is there. */
async function poisoned({ type, data }, tx) {
  if (slowMs) await tx`SELECT pg_sleep(${slowMs / 1_000})`;
  if (type === 'BagFilled' && poison.includes(data.n) && !existsSync(cure))
    throw new TypeError(`bag ${data.n} is poison`);
}

const service = logfold({
  database,
  topics,
  definitions: [
    tally(events),
    hearing(events, echoEvents(echo), database, {
      poisoned,
      from,
      ...(stop ? { onError: retry(0).thenStop() } : {}),
    }),
  ],
  run,
  leaseTtlMs,
  runner: { onError: said, backoff: { firstMs: 20, maxMs: 500 } },
  onParked: (subscription, event) => console.log(`parked ${subscription} ${event.type} ${event.data.n}`),
});
process.on('SIGUSR2', () => {
  for (const runner of service.runners) console.log(`${runner.name} is ${runner.status().state}`);
});
process.on('SIGTERM', async () => {
  await service.stop();
  await close();
  process.exit(0);
});
await service.start();
console.log('started');
