import { CustomerId, DemandEvents, Location, Sku } from '@logfold-example/contracts';
import { commands, decider, unchanged } from '@logfold/core';
import { z } from 'zod';

const at = z.object({ sku: Sku, location: Location });

/** The shapes of the commands, by type. */
const ShelfSchemas = {
  /** Somebody looks at a product. When, is said by who saw it. */
  ViewProduct: at.extend({ viewedAt: z.iso.datetime(), customerId: CustomerId.optional() }),
  /** The stock says that nothing is available any more. */
  NoteEmptied: at,
  /** The stock says that there are pieces. */
  NoteFilled: at,
};

/** What can be told of a shelf: where pieces of one SKU are looked at. The stream is `shelf-SKU@LOCATION`. */
export const ShelfCommands = commands(
  'insight.shelf',
  { key: ({ sku, location }) => `${sku}@${location}` },
  ShelfSchemas,
);

/** A shelf, as far as its rules need to know it. */
export interface ShelfState {
  readonly isEmpty: boolean;
  /** Times that somebody looked at it since it was emptied. */
  readonly views: number;
}

/** Demand that the stock could not meet: whoever looks at an empty shelf wants what is not there. */
export const Shelf = decider({
  name: 'shelf',
  commands: ShelfCommands,
  events: DemandEvents,
  initial: (): ShelfState => ({ isEmpty: false, views: 0 }),
  evolve: {
    ProductViewed: unchanged,
    OutOfStockDemand: (shelf, { data }) => ({ ...shelf, views: data.views }),
    ShelfEmptied: () => ({ isEmpty: true, views: 0 }),
    ShelfFilled: () => ({ isEmpty: false, views: 0 }),
  },
  decide: {
    ViewProduct: ({ data }, { isEmpty, views }) => {
      const { sku, location, viewedAt } = data;
      const viewed = DemandEvents.ProductViewed(data);
      return isEmpty ? [viewed, DemandEvents.OutOfStockDemand({ sku, location, viewedAt, views: views + 1 })] : viewed;
    },
    NoteEmptied: ({ data }, { isEmpty }) => (isEmpty ? [] : DemandEvents.ShelfEmptied(data)),
    NoteFilled: ({ data }, { isEmpty }) => (isEmpty ? DemandEvents.ShelfFilled(data) : []),
  },
});
