import type { HandlerOf, ReactionContext, RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { CountEvents } from './count.js';
import { StockCommands } from './stock-commands.js';
import { StockLevels } from './stock-levels.js';
import { Stock } from './stock.js';

const { CountRecorded } = CountEvents;

/**
 * Compares what was counted with the ledger as it was then. A count and the stock are in one log: CountRecorded has a position,
 * it is handed out only when nothing below can appear any more, and the stock's stream up to there, folded, is what the
 * ledger said at that moment. So it does not matter how much later this runs, nor what was sold meanwhile.
 *
 * The stock decides what follows, once for each count. It may be asked without this transaction therefore, through its mailbox,
 * where a busy stock makes nobody start again.
 */
@Reaction({ name: 'settle-counts', startFrom: 'beginning' })
export class SettleCounts {
  constructor(
    @InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>,
    @InjectReadModel(StockLevels) private readonly levels: RowsOf<typeof StockLevels>,
  ) {}

  @On(CountRecorded)
  async settle(
    { data, position }: EventFrom<typeof CountRecorded>,
    { idempotencyKey }: Pick<ReactionContext, 'idempotencyKey'>,
  ): Promise<void> {
    const { sku, location } = data;
    const { rows } = await this.levels.asOf({ sku, location }, { position });
    const { onHand, corrected } = rows[0] ?? { onHand: 0, corrected: 0 };
    const then = { countedAt: String(position), onHand, corrected };
    await this.stock.handle(StockCommands.SettleCount({ ...data, ...then }), { idempotencyKey });
  }
}
