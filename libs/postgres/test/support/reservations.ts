import { z } from 'zod';
import { commandHandler, commands, decider, events, reject, type Database, type Recorded } from '@logfold/core';

const order = z.object({ sku: z.string(), orderId: z.string() });
const received = z.object({ sku: z.string(), quantity: z.number() });

export const StockEvents = events('shop.stock', { partitions: 1 }, { Received: received, Reserved: order });
export const StockCommands = commands(
  'shop.stock',
  { key: ({ sku }) => sku },
  { Receive: received, Reserve: order, Count: z.object({ sku: z.string() }) },
);

/** Pieces of a SKU that are reserved one by one, as long as there are any; counting them leads to nothing. */
export const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => ({ free: 0 }),
  evolve: {
    Received: ({ free }, { data }) => ({ free: free + data.quantity }),
    Reserved: ({ free }) => ({ free: free - 1 }),
  },
  decide: {
    Receive: ({ data }) => StockEvents.Received(data),
    Reserve: ({ data }, { free }) =>
      free > 0 ? StockEvents.Reserved(data) : reject('sold-out', `${data.sku} is sold out`, { free }),
    Count: () => [],
  },
});

export const receive = (quantity: number, sku = 'tea') => StockCommands.Receive({ sku, quantity });
export const reserve = (orderId: string, sku = 'tea') => StockCommands.Reserve({ sku, orderId });
export const count = (sku = 'tea') => StockCommands.Count({ sku });

/** The handler of a process that has this database. */
export function stockOf(database: Pick<Database, 'events' | 'commands'>, attempts = 100) {
  return commandHandler(Stock, database.events, { commands: database.commands, attempts });
}

/** How often each order was reserved. */
export async function reservations(database: Database, sku = 'tea'): Promise<ReadonlyMap<string, number>> {
  const stored = await allOf(database, sku);
  const found = new Map<string, number>();
  for (const { type, data } of stored)
    if (type === 'Reserved') found.set(data.orderId, (found.get(data.orderId) ?? 0) + 1);
  return found;
}

/** The stream of a SKU. */
export async function allOf(database: Database, sku = 'tea'): Promise<readonly Recorded[]> {
  return database.events.readStream(`stock-${sku}`, { limit: 5_000 });
}
