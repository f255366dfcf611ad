import { events, readModel, retry, sql } from '@logfold/core';
import { z } from 'zod';

const shelf = z.object({ shelf: z.string() });

export const ShelfEvents = events(
  'shop.shelf',
  { partitions: 12 },
  { Filled: shelf.extend({ pieces: z.number().int() }), Emptied: shelf },
);

// #region partitioned
export const ShelfStock = readModel({
  name: 'shelf_stock',
  version: 1,
  from: [ShelfEvents],
  row: z.object({ shelf: z.string(), pieces: z.number().int() }),
  table: sql`(shelf text PRIMARY KEY, pieces int NOT NULL)`,
  key: ({ data }) => ({ shelf: data.shelf }),
  partitionedBy: ({ shelf }) => `shelf-${shelf}`,
  onError: retry(3).thenPark(),
  evolve: {
    Filled: (row, { data }) => ({ shelf: data.shelf, pieces: (row?.pieces ?? 0) + data.pieces }),
    Emptied: (row) => row && { ...row, pieces: 0 },
  },
});
// #endregion
