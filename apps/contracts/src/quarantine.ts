import { commands } from '@logfold/core';
import { z } from 'zod';
import { Location, Quantity, Sku, UnitId } from './fields.js';
import { stockKeyOf } from './stock.js';

/** What insight may ask of the stock of one SKU at one location, by type: not to sell what was too warm. */
export const QuarantineStockSchemas = {
  /**
   * Takes the pieces of a cold unit out of sale: at once as far as they are available; of those that are reserved for orders, what
   * is released.
   */
  Quarantine: z.object({ sku: Sku, location: Location, quantity: Quantity, unitId: UnitId }),
};

/** The same as commands that a process manager sends. */
export const QuarantineStockCommands = commands('inventory.stock', { key: stockKeyOf }, QuarantineStockSchemas);
