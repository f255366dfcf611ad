import { OrderEvents, piecesOf, SaleEvents, totalOf } from '@logfold-example/contracts';
import type { ReactionContext } from '@logfold/core';
import { LogfoldServices, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';

/**
 * Records each order as a sale in the log of insight, which has one order: windows over time need one, and the topic of
 * orders has as many as partitions.
 */
@Reaction({ name: 'record-sales', startFrom: 'beginning' })
export class RecordSales {
  constructor(private readonly services: LogfoldServices) {}

  @On(OrderEvents.OrderPlaced)
  async placed({ data }: EventFrom<typeof OrderEvents.OrderPlaced>, { tx }: ReactionContext): Promise<void> {
    const { orderId, currency, placedAt, lines } = data;
    const sale = { orderId, currency, placedAt, pieces: piecesOf(lines), total: totalOf(lines) };
    const { events } = this.services.of('insight').database;
    const append = { stream: `sale-${orderId}`, events: [SaleEvents.SaleRecorded(sale)], expected: 'none' as const };
    await events.append(append, { tx });
  }
}
