import { StockEvents } from '@logfold-example/contracts';
import type { HandlerOf, ReactionContext } from '@logfold/core';
import { InjectDecider, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { Shelf, ShelfCommands } from './shelf.js';

const { StockReceived, StockReturned, StockRepaired, ReservationReleased, StockAdjusted, StockDepleted } = StockEvents;

/** Whatever makes pieces available, or may. */
type Filling = EventFrom<
  typeof StockReceived | typeof StockReturned | typeof StockRepaired | typeof ReservationReleased | typeof StockAdjusted
>;

/** Tells shelves whether there is anything on them, as the stock has it. */
@Reaction({ name: 'follow-stock', startFrom: 'beginning' })
export class FollowStock {
  constructor(@InjectDecider(Shelf) private readonly shelf: HandlerOf<typeof Shelf>) {}

  @On(StockDepleted)
  async emptied({ data }: EventFrom<typeof StockDepleted>, { tx }: ReactionContext): Promise<void> {
    await this.shelf.handle(ShelfCommands.NoteEmptied(data), { tx });
  }

  @On(StockReceived, StockReturned, StockRepaired, ReservationReleased, StockAdjusted)
  async filled({ data }: Filling, { tx }: ReactionContext): Promise<void> {
    const { sku, location, quantity } = data;
    if (quantity > 0) await this.shelf.handle(ShelfCommands.NoteFilled({ sku, location }), { tx });
  }
}
