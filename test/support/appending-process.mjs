// A writer in a process of its own, for tests that kill it: appends for ever to its stream and to a shared one, and
// prints each event that was acknowledged. Arguments: the database's URL, the name of its own stream.
import { WrongExpectedVersion } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { ShopEvents } from './totals.mjs';

const [url, stream] = process.argv.slice(2);
const database = postgresDatabase({ service: 'shop', url });
await database.open();
let { length: expected } = await database.events.readStream(stream, { limit: 5_000 });

async function append(to, version) {
  const { events, version: reached } = await database.events.append({
    stream: to,
    events: [ShopEvents.Added({ item: to, quantity: 1 })],
    expected: version,
  });
  console.log(`acknowledged ${events[0].id} ${to} ${reached}`);
}

process.on('SIGTERM', () => process.exit(0));
while (true) {
  await Promise.all([
    append(stream, expected++).catch((error) => {
      if (error instanceof WrongExpectedVersion) console.log('conflict');
      throw error;
    }),
    append('item-shared', 'any'),
  ]);
}
