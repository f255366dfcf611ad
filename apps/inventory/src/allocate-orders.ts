import { OrderEvents, placesOf } from '@logfold-example/contracts';
import type { DataOf, HandlerOf, ReactionContext } from '@logfold/core';
import { InjectDecider, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { StockCommands } from './stock-commands.js';
import { Stock } from './stock.js';

/** An order, and where the stock holds pieces for it. */
type Held = Pick<DataOf<typeof OrderEvents.OrderPaid>, 'orderId' | 'stock'>;

/**
 * Serves the orders of the shop: answers for each place of an order, and follows it to its end. All the answers of an
 * event are one transaction with the checkpoint, so an order is answered once and as a whole; somebody at a counter who
 * takes from the same stock at the same moment makes it begin anew. The orders of an import are left alone: it moves the
 * stock itself. Nothing is held for an order that is not known here, so nothing moves.
 */
@Reaction({ name: 'allocate-orders', startFrom: 'beginning' })
export class AllocateOrders {
  constructor(@InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>) {}

  @On(OrderEvents.OrderPlaced)
  async placed({ data }: EventFrom<typeof OrderEvents.OrderPlaced>, { tx }: ReactionContext): Promise<void> {
    if (data.origin === 'import') return;
    for (const place of placesOf(data.lines))
      await this.stock.handle(StockCommands.Allocate({ ...place, orderId: data.orderId }), { tx });
  }

  @On(OrderEvents.OrderPaid)
  paid({ data }: EventFrom<typeof OrderEvents.OrderPaid>, context: ReactionContext): Promise<void> {
    return this.#each(StockCommands.CommitOrder, data, context);
  }

  @On(OrderEvents.OrderShipped)
  shipped({ data }: EventFrom<typeof OrderEvents.OrderShipped>, context: ReactionContext): Promise<void> {
    return this.#each(StockCommands.ShipOrder, data, context);
  }

  @On(OrderEvents.OrderCancelled)
  cancelled({ data }: EventFrom<typeof OrderEvents.OrderCancelled>, context: ReactionContext): Promise<void> {
    return this.#each(StockCommands.ReleaseOrder, data, context);
  }

  async #each(
    command: (typeof StockCommands)['CommitOrder' | 'ShipOrder' | 'ReleaseOrder'],
    { orderId, stock }: Held,
    { tx }: ReactionContext,
  ): Promise<void> {
    for (const place of stock) await this.stock.handle(command({ ...place, orderId }), { tx });
  }
}
