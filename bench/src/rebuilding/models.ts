import { events, readModel, sql, type, type Recorded } from '@logfold/core';

/** Pieces of a product at a place. */
interface Moved {
  readonly sku: string;
  readonly location: string;
  readonly quantity: number;
}

/** What the importer wrote, as far as the read models fold it. The creators check nothing: nothing is appended here. */
const StockEvents = events(
  'inventory.stock',
  { partitions: 12 },
  {
    StockReceived: type<Moved>(),
    StockReturned: type<Moved>(),
    StockAdjusted: type<Moved>(),
    StockShipped: type<Moved & { readonly orderId?: string }>(),
    StockDepleted: type<Pick<Moved, 'sku' | 'location'>>(),
  },
);

const levelTable = sql`(
  sku text COLLATE "C", location text COLLATE "C", received bigint NOT NULL, returned bigint NOT NULL,
  adjusted bigint NOT NULL, shipped bigint NOT NULL, on_hand bigint NOT NULL, PRIMARY KEY (sku, location))`;
const orderTable = sql`(order_id text COLLATE "C" PRIMARY KEY, lines int NOT NULL, pieces bigint NOT NULL)`;
const emptyTable = sql`(sku text COLLATE "C", location text COLLATE "C", times int NOT NULL, PRIMARY KEY (sku, location))`;

interface Level {
  readonly sku: string;
  readonly location: string;
  readonly received: number;
  readonly returned: number;
  readonly adjusted: number;
  readonly shipped: number;
  readonly onHand: number;
}

interface ShippedOrder {
  readonly orderId: string;
  readonly lines: number;
  readonly pieces: number;
}

interface Empty {
  readonly sku: string;
  readonly location: string;
  readonly times: number;
}

/**
 * Three read models over the log of stock: a row for each product and place that every event changes; a row for each order;
 * and what is out of stock, whose rows come and go.
 * @param suffix ends their names: whoever builds them again has them anew
 */
export function modelsNamed(suffix: string) {
  const levels = readModel({
    name: `levels_${suffix}`,
    version: 1,
    from: [StockEvents],
    row: type<Level>(),
    table: levelTable,
    key: ({ data: { sku, location } }) => ({ sku, location }),
    evolve: {
      StockReceived: (row, { data }) => level(row, data, 'received', 1),
      StockReturned: (row, { data }) => level(row, data, 'returned', 1),
      StockAdjusted: (row, { data }) => level(row, data, 'adjusted', 1),
      StockShipped: (row, { data }) => level(row, data, 'shipped', -1),
    },
  });
  const orders = readModel({
    name: `orders_${suffix}`,
    version: 1,
    from: [StockEvents],
    row: type<ShippedOrder>(),
    table: orderTable,
    key: ({ data: { orderId } }) => (orderId === undefined ? [] : { orderId }),
    evolve: {
      StockShipped: (row, { data }, { orderId }) => ({
        orderId,
        lines: (row?.lines ?? 0) + 1,
        pieces: (row?.pieces ?? 0) + data.quantity,
      }),
    },
  });
  const outOfStock = readModel({
    name: `out_of_stock_${suffix}`,
    version: 1,
    from: [StockEvents],
    row: type<Empty>(),
    table: emptyTable,
    key: ({ data: { sku, location } }) => ({ sku, location }),
    evolve: {
      StockDepleted: (row, _, key) => ({ ...key, times: (row?.times ?? 0) + 1 }),
      StockReceived: (row) => (row ? null : undefined),
      StockReturned: (row) => (row ? null : undefined),
    },
  });
  return { levels, orders, outOfStock };
}

/** The three. */
export type Models = ReturnType<typeof modelsNamed>;

/** An event as a reader of the table has it, for those that read it by themselves. */
export type Read = Pick<Recorded, 'type' | 'data' | 'position'>;

type Column = 'received' | 'returned' | 'adjusted' | 'shipped';

function level(row: Level | undefined, { sku, location, quantity }: Moved, column: Column, sign: 1 | -1): Level {
  const was = row ?? { sku, location, received: 0, returned: 0, adjusted: 0, shipped: 0, onHand: 0 };
  return { ...was, [column]: was[column] + quantity, onHand: was.onHand + sign * quantity };
}
