// The first program of somebody who installed the packages: packages.e2e-spec.ts compiles and runs it far from here.
import { commands, decider, events, logfold, readModel, reject, sql, type } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';

const Moved = type<{ sku: string; quantity: number }>();
const StockEvents = events('shop.stock', { partitions: 1 }, { Received: Moved, Shipped: Moved });
const StockCommands = commands('shop.stock', { key: ({ sku }) => sku }, { Receive: Moved, Ship: Moved });
const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => 0,
  evolve: {
    Received: (onHand, { data }) => onHand + data.quantity,
    Shipped: (onHand, { data }) => onHand - data.quantity,
  },
  decide: {
    Receive: ({ data }) => StockEvents.Received(data),
    Ship: ({ data }, onHand) =>
      onHand < data.quantity ? reject('short', `${onHand} are left`) : StockEvents.Shipped(data),
  },
});
const Levels = readModel({
  name: 'levels',
  version: 1,
  from: [StockEvents],
  row: type<{ sku: string; onHand: number }>(),
  table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL)`,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: {
    Received: (row, { data }) => ({ sku: data.sku, onHand: (row?.onHand ?? 0) + data.quantity }),
    Shipped: (row, { data }) => ({ sku: data.sku, onHand: (row?.onHand ?? 0) - data.quantity }),
  },
});

const database = postgresDatabase({ service: 'shop', url: process.env['DATABASE_URL']! });
const shop = logfold({ database, definitions: [Stock, Levels] });
await shop.start();
await shop.handler(Stock).handle(StockCommands.Receive({ sku: 'tea', quantity: 5 }));
await shop.handler(Stock).handle(StockCommands.Ship({ sku: 'tea', quantity: 2 }));
// @ts-expect-error a quantity is a number: the types came with the package
StockCommands.Ship({ sku: 'tea', quantity: 'two' });
let row = await shop.rows(Levels).find({ sku: 'tea' });
while (row?.onHand !== 3) row = await shop.rows(Levels).find({ sku: 'tea' });
console.log(JSON.stringify(row));
await shop.stop();
