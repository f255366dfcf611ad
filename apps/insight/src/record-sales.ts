import { OrderEvents, piecesOf, totalOf } from '@logfold-example/contracts';
import type { ReactionContext } from '@logfold/core';
import { LogfoldServices, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { basketOf, SaleEvents } from './sales.js';

/**
 * Records each order as a sale in the log of insight, which has one order: windows over time need one, and the topic of
 * orders has as many as partitions.
 */
@Reaction({ name: 'record-sales', startFrom: 'beginning' })
export class RecordSales {
  constructor(private readonly services: LogfoldServices) {}

  @On(OrderEvents.OrderPlaced)
  async placed(event: EventFrom<typeof OrderEvents.OrderPlaced>, { tx }: ReactionContext): Promise<void> {
    const { orderId, customerId, currency, placedAt, lines } = event.data;
    const skus = basketOf(lines);
    const sale = { orderId, customerId, currency, placedAt, pieces: piecesOf(lines), total: totalOf(lines), skus };
    const { events } = this.services.of('insight').database;
    const metadata = { correlationId: event.metadata.correlationId, causationId: event.id };
    const recorded = { stream: `sale-${orderId}`, events: [SaleEvents.SaleRecorded(sale)], metadata };
    await events.append({ ...recorded, expected: 'none' }, { tx });
  }
}
