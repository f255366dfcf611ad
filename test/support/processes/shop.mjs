// A service with process managers, in a process of its own for tests that kill it: the shop of checkout.mjs, all loops.
// Arguments: the database's URL, how long its leases last.
import { logfold } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { checkout, Order, Stock } from './checkout.mjs';

const [url, leaseTtlMs] = process.argv.slice(2);
const shop = logfold({
  database: postgresDatabase({ service: 'shop', url }),
  definitions: [Order, Stock, checkout()],
  leaseTtlMs: Number(leaseTtlMs),
  runner: { onError: (error, name, final) => console.log(`${name}${final ? ' gave up' : ''}: ${error}`) },
  onParked: (name, event, error) => console.log(`${name} parked ${event.type}: ${error}`),
});
process.on('SIGTERM', async () => {
  await shop.stop();
  process.exit(0);
});
await shop.start();
console.log('started');
