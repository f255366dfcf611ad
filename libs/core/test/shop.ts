import {
  commands,
  decider,
  events,
  readModel,
  reject,
  sql,
  type,
  versioned,
  type Event,
  type Recorded,
} from '../src/index.js';

/** What the specs of core decide and fold: stock that is received and reserved. */
export const StockEvents = events(
  'shop.stock',
  { partitions: 1 },
  {
    StockReceived: type<{ sku: string; quantity: number }>(),
    StockReserved: versioned(2, type<{ sku: string; quantity: number; orderId: string }>(), {
      1: (old) => ({ ...old, orderId: 'unknown' }),
    }),
    StockCleared: type<{ sku: string }>(),
  },
);

/** Commands on one product. */
export const StockCommands = commands(
  'shop.stock',
  { key: ({ sku }) => sku },
  {
    Receive: type<{ sku: string; quantity: number }>(),
    Reserve: type<{ sku: string; quantity: number; orderId: string }>(),
    Ignore: type<{ sku: string }>(),
  },
);

/** Refuses to reserve more than there is. */
export const Stock = decider({
  name: 'stock',
  commands: StockCommands,
  events: StockEvents,
  initial: () => ({ free: 0 }),
  evolve: {
    StockReceived: ({ free }, { data }) => ({ free: free + data.quantity }),
    StockReserved: ({ free }, { data }) => ({ free: free - data.quantity }),
    StockCleared: () => ({ free: 0 }),
  },
  decide: {
    Receive: ({ data }) => StockEvents.StockReceived(data),
    Reserve: ({ data }, { free }) =>
      free < data.quantity ? reject('short', `${free} are free`, { free }) : [StockEvents.StockReserved(data)],
    Ignore: () => [],
  },
});

/** A row for each product that is or was in stock. */
export const StockLevels = readModel({
  name: 'stock_levels',
  version: 1,
  from: [StockEvents],
  row: type<{ sku: string; onHand: number; lastOrder?: string | null }>(),
  table: sql`(sku text PRIMARY KEY, on_hand int NOT NULL, last_order text)`,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: {
    StockReceived: (row, { data }) => ({ ...row, sku: data.sku, onHand: (row?.onHand ?? 0) + data.quantity }),
    StockReserved: (row, { data }) => row && { ...row, onHand: row.onHand - data.quantity, lastOrder: data.orderId },
    StockCleared: () => null,
  },
});

export const receive = (quantity: number, sku = 'tea') => StockCommands.Receive({ sku, quantity });
export const reserve = (quantity: number, sku = 'tea') => StockCommands.Reserve({ sku, quantity, orderId: 'o-1' });

/** Events as a log would give them, at the positions from 1 upwards. */
export function recorded(events: readonly Event[]): Recorded[] {
  const metadata = { correlationId: 'c', causationId: 'c' };
  return events.map(({ type, data }, index) => ({
    type,
    data,
    metadata,
    id: `id ${index}`,
    stream: 'stock-1',
    version: index + 1,
    position: BigInt(index + 1),
    schemaVersion: 1,
    recordedAt: new Date(0),
  }));
}
