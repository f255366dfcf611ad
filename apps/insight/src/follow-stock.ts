import { StockEvents } from '@logfold-example/contracts';
import type { HandlerOf, ReactionContext } from '@logfold/core';
import { InjectDecider, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { Shelf, ShelfCommands } from './shelf.js';

const { StockReceived, StockReturned, ReservationReleased, StockAdjusted, StockDepleted } = StockEvents;

/** Tells shelves whether there is anything on them, as the stock has it. */
@Reaction({ name: 'follow-stock', startFrom: 'beginning' })
export class FollowStock {
  constructor(@InjectDecider(Shelf) private readonly shelf: HandlerOf<typeof Shelf>) {}

  @On(StockDepleted)
  async emptied({ data }: EventFrom<typeof StockDepleted>, { tx }: ReactionContext): Promise<void> {
    await this.shelf.handle(ShelfCommands.NoteEmptied(data), { tx });
  }

  @On(StockReceived, StockReturned, ReservationReleased, StockAdjusted)
  async filled(
    {
      data,
    }: EventFrom<typeof StockReceived | typeof StockReturned | typeof ReservationReleased | typeof StockAdjusted>,
    { tx }: ReactionContext,
  ): Promise<void> {
    const { sku, location, quantity } = data;
    if (quantity > 0) await this.shelf.handle(ShelfCommands.NoteFilled({ sku, location }), { tx });
  }
}
