import { StockEvents } from '@logfold-example/contracts';
import type { HandlerOf, ReactionContext } from '@logfold/core';
import { InjectDecider, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { OrderCommands } from './order-commands.js';
import { Order } from './order.js';

/**
 * Tells orders what the stock answered: allocated when the last line is reserved, cancelled when one is refused. The
 * order decides; one that is not of this house, or has ended meanwhile, decides that nothing happens.
 */
@Reaction({ name: 'follow-reservations', startFrom: 'beginning' })
export class FollowReservations {
  constructor(@InjectDecider(Order) private readonly order: HandlerOf<typeof Order>) {}

  @On(StockEvents.StockReserved)
  async reserved({ data }: EventFrom<typeof StockEvents.StockReserved>, { tx }: ReactionContext): Promise<void> {
    await this.order.handle(OrderCommands.RecordReservation({ ...data, outcome: 'reserved' }), { tx });
  }

  @On(StockEvents.ReservationRejected)
  async refused({ data }: EventFrom<typeof StockEvents.ReservationRejected>, { tx }: ReactionContext): Promise<void> {
    await this.order.handle(OrderCommands.RecordReservation({ ...data, outcome: 'refused' }), { tx });
  }
}
