// Two services in a process of their own, for tests that kill and freeze it: the shop of checkout.mjs, and the depot that its
// stock belongs to. They hear each other in their logs. Arguments: the database's URL, how long leases last; maybe a crash point,
// and at which of its hits it is to throw: what throws there may be mended without a word, so it is said here.
import { logfold } from '@logfold/core';
import { postgresDatabase, postgresTopics } from '@logfold/postgres';
import { withFailpoint } from '@logfold/testing/failpoints';
import { placedByHour, shopWith } from './checkout.mjs';

const [url, leaseTtlMs, point, hit] = process.argv.slice(2);
const defined = shopWith('depot');
const topics = postgresTopics({ url, services: { shop: 'shop', depot: 'depot' } });

function service(name, options) {
  return logfold({
    ...options,
    topics,
    database: postgresDatabase({ service: name, schema: name, url }),
    leaseTtlMs: Number(leaseTtlMs),
    runner: {
      backoff: { firstMs: 20, maxMs: 500 },
      onError: (error, loop, final) => console.log(`${loop}${final ? ' gave up' : ''}: ${error}`),
    },
    onParked: (loop, event, error) => console.log(`${loop} parked ${event.type}: ${error}`),
  });
}

let hits = 0;
function thrown() {
  if (++hits !== Number(hit)) return;
  console.log(`threw at ${point}`);
  throw new RangeError(`armed to throw at ${point}`);
}
if (point) void withFailpoint(point, thrown, () => new Promise(() => {}));

const shop = service('shop', { definitions: [defined.Order, defined.checkout(), placedByHour(defined)] });
const depot = service('depot', { definitions: [defined.Stock], commandsFrom: ['shop'] });
process.on('SIGTERM', async () => {
  await Promise.all([shop.stop(), depot.stop()]);
  await topics.close();
  process.exit(0);
});
await Promise.all([shop.start(), depot.start()]);
console.log('started');
