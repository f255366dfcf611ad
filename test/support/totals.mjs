// The read model of the tests with processes of their own. Plain JavaScript: Node runs it beside the built libraries.
import { events, readModel, sql, type } from '@logfold/core';

export const ShopEvents = events('shop.item', { partitions: 1 }, { Added: type() });

/** How often, and how much, for each item: shows every event that is applied twice, or never. */
export const totals = (version) =>
  readModel({
    name: 'totals',
    version,
    from: [ShopEvents],
    row: type(),
    table: sql`(item text PRIMARY KEY, total bigint NOT NULL, events int NOT NULL)`,
    key: ({ data }) => ({ item: data.item }),
    evolve: {
      Added: (row, { data }) => ({
        item: data.item,
        total: (row?.total ?? 0) + data.quantity,
        events: (row?.events ?? 0) + 1,
      }),
    },
  });

export const Totals = totals(1);
