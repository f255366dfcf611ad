import { StockEvents } from '@logfold-example/contracts';
import { readModel, sql } from '@logfold/core';
import { z } from 'zod';
import { streamOf } from './stock-commands.js';

const count = z.number().int();

/** Pieces of an announced delivery that are still to come. */
export const Incoming = z.object({ deliveryId: z.string(), dueOn: z.iso.date(), quantity: count });

/** A row of `available_to_promise`. */
export const Promisable = z
  .object({
    sku: z.string(),
    location: z.string(),
    available: count.describe('Pieces that can be promised for today'),
    incoming: z.array(Incoming).describe('Announced deliveries, by the day they are due; 100 at most'),
  })
  .meta({ id: 'AvailableToPromise' });

type Row = z.infer<typeof Promisable>;

/**
 * What a shop may promise, and for when: what is available now, and the deliveries that were announced to the inventory. It
 * knows what it was told and no more: who orders from suppliers announces by hand, as long as no service does.
 */
export const AvailableToPromise = readModel({
  name: 'available_to_promise',
  version: 1,
  from: [StockEvents],
  row: Promisable,
  table: sql`(
    sku text COLLATE "C", location text COLLATE "C", available bigint NOT NULL, incoming jsonb NOT NULL,
    PRIMARY KEY (sku, location)
  )`,
  key: ({ data }) => ({ sku: data.sku, location: data.location }),
  streams: (stock) => streamOf(stock),
  partitionedBy: (stock) => streamOf(stock),
  evolve: {
    DeliveryExpected: (row, { data: { deliveryId, dueOn, quantity } }, key) => {
      const was = row ?? empty(key);
      return { ...was, incoming: [...was.incoming, { deliveryId, dueOn, quantity }].sort(byDay) };
    },
    DeliveryCalledOff: (row, { data }, key) => came(row ?? empty(key), data.deliveryId, Infinity),
    StockReceived: (row, { data }, key) => came(moved(row, key, data.quantity), data.deliveryId, data.quantity),
    StockReturned: (row, { data }, key) => moved(row, key, data.quantity),
    StockAdjusted: (row, { data }, key) => moved(row, key, data.quantity),
    StockDamaged: (row, { data }, key) => moved(row, key, -data.quantity),
    StockRepaired: (row, { data }, key) => moved(row, key, data.quantity),
    StockReserved: (row, { data }, key) => moved(row, key, -data.quantity),
    ReservationReleased: (row, { data }, key) => moved(row, key, data.quantity),
    StockShipped: (row, { data }, key) => moved(row, key, data.from === 'available' ? -data.quantity : 0),
  },
});

/** What can be promised by a day: with what is due until then; without a day, with all that was announced. */
export function promisedBy({ available, incoming }: Row, day?: string): number {
  return incoming
    .filter(({ dueOn }) => day === undefined || dueOn <= day)
    .reduce((sum, { quantity }) => sum + quantity, available);
}

function empty({ sku, location }: Pick<Row, 'sku' | 'location'>): Row {
  return { sku, location, available: 0, incoming: [] };
}

function moved(row: Row | undefined, key: Pick<Row, 'sku' | 'location'>, quantity: number): Row {
  const was = row ?? empty(key);
  return { ...was, available: was.available + quantity };
}

/** Takes what came of a delivery out of what is still to come. */
function came(row: Row, deliveryId: string | undefined, quantity: number): Row {
  if (deliveryId === undefined) return row;
  const left = row.incoming.map((delivery) =>
    delivery.deliveryId === deliveryId ? { ...delivery, quantity: delivery.quantity - quantity } : delivery,
  );
  return { ...row, incoming: left.filter((delivery) => delivery.quantity > 0) };
}

function byDay(a: z.infer<typeof Incoming>, b: z.infer<typeof Incoming>): number {
  if (a.dueOn !== b.dueOn) return a.dueOn < b.dueOn ? -1 : 1;
  return a.deliveryId < b.deliveryId ? -1 : 1;
}
