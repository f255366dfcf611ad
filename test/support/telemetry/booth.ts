import {
  commands,
  complete,
  decider,
  events,
  processManager,
  reaction,
  readModel,
  retry,
  sql,
  timeout,
  type,
} from '@logfold/core';

const sale = type<{ saleId: string; sku: string }>();

/** What a booth sells; each sale is a stream. */
export const SaleEvents = events('booth.sale', { partitions: 1 }, { Sold: sale });
export const SaleCommands = commands('booth.sale', { key: ({ saleId }) => saleId }, { Sell: sale });

export const Sale = decider({
  name: 'sale',
  commands: SaleCommands,
  events: SaleEvents,
  initial: () => 0,
  evolve: { Sold: (sold) => sold + 1 },
  decide: { Sell: ({ data }) => SaleEvents.Sold(data) },
});

/** Folded from the topic by another service, the back room. */
export const SalesSeen = readModel({
  name: 'sales_seen',
  version: 1,
  from: [SaleEvents],
  row: type<{ saleId: string; sku: string }>(),
  table: sql`(sale_id text PRIMARY KEY, sku text NOT NULL)`,
  key: ({ data }) => ({ saleId: data.saleId }),
  evolve: { Sold: (_, { data }) => ({ saleId: data.saleId, sku: data.sku }) },
});

/** Folded from the booth's own log. */
export const SalesBySku = readModel({
  name: 'sales_by_sku',
  version: 1,
  from: [SaleEvents],
  row: type<{ sku: string; sold: number }>(),
  table: sql`(sku text PRIMARY KEY, sold int NOT NULL)`,
  key: ({ data }) => ({ sku: data.sku }),
  evolve: { Sold: (row, { data }) => ({ sku: data.sku, sold: (row?.sold ?? 0) + 1 }) },
});

/** Sets a timer for each sale that is due at once. */
export const ThankYou = processManager({
  name: 'thank_you',
  from: [SaleEvents],
  sends: [],
  startFrom: 'beginning',
  startedBy: ['Sold'],
  key: { Sold: ({ data }) => data.saleId },
  initial: () => ({}),
  evolve: {},
  react: { Sold: () => [timeout('card', 'PT0S')] },
  timeouts: { card: () => [complete()] },
});

/** Breaks at a sale of glass, and stands still, until it is mended. */
export const fragile = { mended: false };

export const Fragile = reaction({
  name: 'fragile',
  from: [SaleEvents],
  startFrom: 'beginning',
  onError: retry(0).thenStop(),
  on: {
    Sold: ({ data }) => {
      if (data.sku === 'glass' && !fragile.mended) throw new TypeError('broken');
    },
  },
});
