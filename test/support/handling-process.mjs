// A process that handles commands under idempotency keys, for tests that kill it: all of them at once, and prints each
// answer. Arguments: the database's URL, then commands such as `Reserve tea order-1 key-1`.
import { commandHandler, commands, decider, events, reject, type } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';

const StockEvents = events('shop.stock', { partitions: 1 }, { Received: type(), Reserved: type() });
const StockCommands = commands(
  'shop.stock',
  { key: ({ sku }) => sku },
  { Receive: type(), Reserve: type(), Count: type() },
);
const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => 0,
  evolve: { Received: (free) => free + 1, Reserved: (free) => free - 1 },
  decide: {
    Receive: ({ data }) => StockEvents.Received(data),
    Reserve: ({ data }, free) =>
      free > 0 ? StockEvents.Reserved(data) : reject('sold-out', `${data.sku} is sold out`),
    Count: () => [],
  },
});

const [url, ...wishes] = process.argv.slice(2);
const database = postgresDatabase({ service: 'shop', url });
await database.open();
const stock = commandHandler(Stock, database.events, { commands: database.commands, attempts: 100 });
const handle = async (wish) => {
  const [what, sku, orderId, idempotencyKey] = wish.split(' ');
  const answer = await stock
    .handle(StockCommands[what]({ sku, orderId }), { idempotencyKey })
    .then(({ version, position, events: [event] }) => `${version} ${position} ${event?.id}`)
    .catch((error) => `${error.code} ${error.message}`);
  console.log(`${wish}: ${answer}`);
};
await Promise.all(wishes.map(handle));
console.log('done');
await database.close();
