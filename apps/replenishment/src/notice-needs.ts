import { DemandEvents, StockEvents, type BuyingCause } from '@logfold-example/contracts';
import type { HandlerOf, ReactionContext, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import type { z } from 'zod';
import { CatalogProducts } from './catalog-products.js';
import { Need, NeedCommands } from './need.js';

const { StockDepleted, LowStockReached } = StockEvents;
const { OutOfStockDemand } = DemandEvents;

type Noticed = EventFrom<typeof StockDepleted | typeof LowStockReached | typeof OutOfStockDemand>;

/**
 * Hears of what might be needed, from the stock and from shoppers. A purchase has the number of the event that it is for. What
 * the catalog has discontinued is not bought again; what it does not know is, since much is sold that was never put there.
 */
@Reaction({ name: 'notice-needs', startFrom: 'now' })
export class NoticeNeeds {
  constructor(
    @InjectDecider(Need) private readonly need: HandlerOf<typeof Need>,
    @InjectReadModel(CatalogProducts) private readonly products: RowsOf<typeof CatalogProducts>,
  ) {}

  @On(StockDepleted)
  soldOut(event: EventFrom<typeof StockDepleted>, { tx }: ReactionContext): Promise<void> {
    return this.#notice(event, 'sold-out', tx);
  }

  @On(LowStockReached)
  runsLow(event: EventFrom<typeof LowStockReached>, { tx }: ReactionContext): Promise<void> {
    return this.#notice(event, 'low', tx);
  }

  @On(OutOfStockDemand)
  wanted(event: EventFrom<typeof OutOfStockDemand>, { tx }: ReactionContext): Promise<void> {
    return this.#notice(event, 'wanted', tx);
  }

  async #notice({ id, data }: Noticed, because: z.infer<typeof BuyingCause>, tx: unknown): Promise<void> {
    const { sku, location } = data;
    const product = await this.products.find({ sku });
    if (product?.status === 'discontinued') return;
    const lot = product?.lot ?? undefined;
    await this.need.handle(NeedCommands.DetectNeed({ sku, location, purchaseId: id, because, lot }), { tx });
  }
}
