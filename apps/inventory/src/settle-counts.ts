import { AsOfUnavailable, type HandlerOf, type ReactionContext, type RowsOf } from '@logfold/core';
import { InjectDecider, InjectReadModel, On, Reaction } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { Count, CountCommands, CountEvents } from './count.js';
import { StockCommands } from './stock-commands.js';
import { StockLevels } from './stock-levels.js';
import { Stock } from './stock.js';

const { CountRecorded } = CountEvents;

/** Why a count fails: the only reason why these rows cannot be read as they were. */
const TOO_LONG = 'more has happened to this stock than can be read as it was: adjust it by what is wrong now';

/**
 * Compares what was counted with the ledger as it was then. A count and the stock are in one log: CountRecorded has a position,
 * it is handed out only when nothing below can appear any more, and the stock's stream up to there, folded, is what the
 * ledger said at that moment. So it does not matter how much later this runs, nor what was sold meanwhile.
 *
 * The stock decides what follows, once for each count. It may be asked without this transaction therefore, through its mailbox,
 * where a busy stock makes nobody start again.
 *
 * A stock of which more has happened than can be read as of a position is not compared: the count fails, and says so.
 */
@Reaction({ name: 'settle-counts', startFrom: 'beginning' })
export class SettleCounts {
  constructor(
    @InjectDecider(Stock) private readonly stock: HandlerOf<typeof Stock>,
    @InjectReadModel(StockLevels) private readonly levels: RowsOf<typeof StockLevels>,
    @InjectDecider(Count) private readonly count: HandlerOf<typeof Count>,
  ) {}

  @On(CountRecorded)
  async settle(
    { data, position }: EventFrom<typeof CountRecorded>,
    { idempotencyKey }: Pick<ReactionContext, 'idempotencyKey'>,
  ): Promise<void> {
    const then = await this.#ledgerOf(data, position);
    if (then) await this.stock.handle(StockCommands.SettleCount({ ...data, ...then }), { idempotencyKey });
    else await this.count.handle(CountCommands.FailCount({ countId: data.countId, why: TOO_LONG }), { idempotencyKey });
  }

  /** What the ledger said; undefined when it cannot be read. */
  async #ledgerOf(
    { sku, location }: { readonly sku: string; readonly location: string },
    position: bigint,
  ): Promise<{ readonly countedAt: string; readonly onHand: number; readonly corrected: number } | undefined> {
    try {
      const { rows } = await this.levels.asOf({ sku, location }, { position });
      const { onHand, corrected } = rows[0] ?? { onHand: 0, corrected: 0 };
      return { countedAt: String(position), onHand, corrected };
    } catch (error) {
      if (error instanceof AsOfUnavailable) return undefined;
      throw error;
    }
  }
}
