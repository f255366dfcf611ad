import { CommandRejected, commandHandler, commands, decider, events, reject, type } from '@logfold/core';
import type { PostgresDatabase } from '@logfold/postgres';
import { order, PIECES, refuseOversold, type Reserving } from './workload.js';

interface Moved {
  readonly sku: string;
  readonly quantity: number;
}

const moved = type<Moved>();
const StockEvents = events('bench.stock', { topic: null, partitions: 1 }, { Received: moved, Reserved: moved });
const StockCommands = commands('bench.stock', { key: ({ sku }) => sku }, { Receive: moved, Reserve: moved });
const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => ({ free: 0 }),
  evolve: {
    Received: ({ free }, { data }) => ({ free: free + data.quantity }),
    Reserved: ({ free }, { data }) => ({ free: free - data.quantity }),
  },
  decide: {
    Receive: ({ data }) => StockEvents.Received(data),
    Reserve: ({ data }, { free }) =>
      free < data.quantity ? reject('short', `${free} are left`) : StockEvents.Reserved(data),
  },
});

/** Ours: `handle` as a user calls it. */
export async function reserveOurs(database: PostgresDatabase): Promise<Reserving> {
  const { events: log, commands: kept } = database;
  const stock = commandHandler(Stock, log, { commands: kept });
  await stock.handle(StockCommands.Receive({ sku: 'hot', quantity: PIECES }));
  let accepted = 0;
  return {
    async reserve() {
      try {
        await stock.handle(StockCommands.Reserve({ sku: 'hot', quantity: order() }));
        accepted++;
      } catch (error) {
        if (!(error instanceof CommandRejected)) throw error;
      }
    },
    async check() {
      let [after, stored, reserved] = [1, 0, 0];
      for (let page = await log.readStream('stock-hot', { after, limit: 5_000 }); page.length > 0;) {
        for (const { data } of page) reserved += (data as Moved).quantity;
        stored += page.length;
        after = page.at(-1)!.version;
        page = await log.readStream('stock-hot', { after, limit: 5_000 });
      }
      refuseOversold('Logfold', { accepted, stored, reserved });
    },
  };
}
