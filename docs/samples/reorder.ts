import { retry, type ReactionContext } from '@logfold/core';
import { On, Reaction, type EventFrom } from '@logfold/nestjs';
import { Injectable } from '@nestjs/common';
import { StockEvents } from './stock.js';

/** Somebody outside who delivers. */
@Injectable()
export class Supplier {
  readonly orders = new Map<string, string>();

  async order(sku: string, key: string): Promise<void> {
    this.orders.set(key, sku);
  }
}

// #region reaction
@Reaction({ name: 'reorder', startFrom: 'now', onError: retry(5).thenPark() })
export class Reorder {
  constructor(private readonly supplier: Supplier) {}

  @On(StockEvents.StockSold)
  async sold({ data }: EventFrom<typeof StockEvents.StockSold>, { idempotencyKey }: ReactionContext): Promise<void> {
    await this.supplier.order(data.sku, idempotencyKey);
  }
}
// #endregion
