import { events, readModel, sql, type, type EventOf, type Metadata } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { randomUUID } from 'node:crypto';
import { PARTITIONS } from './cluster.js';
import type { Server } from './server.js';

/** What an event of the topics says: some 180 bytes as JSON. */
export interface LineSold {
  readonly orderId: string;
  readonly sku: string;
  readonly description: string;
  readonly quantity: number;
  readonly unitPrice: number;
  readonly currency: string;
  readonly customer: string;
  readonly country: string;
}

/** The service whose log is sent. Others read its topic. */
export const SERVICE = 'bench';

/** How many lines an order has, which is how many events a stream has. */
export const LINES = 20;

const PRODUCTS = 4_000;

/** The registry of the events, for a topic. The creator checks nothing: validating is not what is measured. */
export function salesEvents(topic: string) {
  return events(`${SERVICE}.sales`, { topic, partitions: PARTITIONS }, { LineSold: type<LineSold>() });
}

/** A row of the read model: what was sold of a product. */
interface Sold {
  readonly sku: string;
  readonly pieces: number;
  readonly revenue: number;
  readonly lines: number;
}

/** A read model over the events: a row for each of the 4,000 products. */
export function soldByProduct(topic: string) {
  const registry = salesEvents(topic);
  return readModel({
    name: 'sold_by_product',
    version: 1,
    from: [registry],
    row: type<Sold>(),
    table: sql`(sku text PRIMARY KEY, pieces bigint NOT NULL, revenue bigint NOT NULL, lines integer NOT NULL)`,
    key: ({ data }: { readonly data: LineSold }) => ({ sku: data.sku }),
    evolve: {
      LineSold: (row, { data }: EventOf<typeof registry>) => ({
        sku: data.sku,
        pieces: (row?.pieces ?? 0) + data.quantity,
        revenue: (row?.revenue ?? 0) + data.quantity * data.unitPrice,
        lines: (row?.lines ?? 0) + 1,
      }),
    },
  });
}

/** What was sold, the same for the same number: few products sell often, most seldom. */
export function line(count: number): LineSold {
  const product = Math.floor(PRODUCTS * (((count * 7_919) % 10_007) / 10_007) ** 2);
  return {
    orderId: String(536_365 + Math.floor(count / LINES)),
    sku: `${20_000 + product}`,
    description: 'WHITE HANGING HEART T-LIGHT HOLDER',
    quantity: 1 + (count % 48),
    unitPrice: 2_550,
    currency: 'GBP',
    customer: String(12_346 + (count % 6_000)),
    country: 'United Kingdom',
  };
}

/** What goes with each event: some 110 bytes as JSON. */
export function metadata(): Metadata {
  return { correlationId: randomUUID(), causationId: randomUUID() };
}

const IN_FLIGHT = 64;

/** A new database with a log of so many events, appended an order of 20 lines at a time. @returns its address. */
export async function logOf(server: Server, topic: string, count: number, about = metadata): Promise<string> {
  const url = await server.database('log');
  const database = postgresDatabase({ service: SERVICE, url });
  await database.open();
  const { LineSold } = salesEvents(topic);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next = Math.min(count, first + LINES);
      const events = Array.from({ length: next - first }, (_, index) => LineSold(line(first + index)));
      await database.events.append({ stream: `order-${randomUUID()}`, events, expected: 'none', metadata: about() });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  await database.close();
  await server.settle();
  return url;
}
