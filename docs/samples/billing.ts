// #region billing
import { commands, decider, events } from '@logfold/core';
import type { HandlerOf } from '@logfold/core';
import { InjectDecider, LogfoldModule, On, Reaction, type LogfoldModuleOptions } from '@logfold/nestjs';
import type { EventFrom } from '@logfold/nestjs';
import { Module, type DynamicModule } from '@nestjs/common';
import { z } from 'zod';
import { StockEvents } from './stock.js';

const billed = z.object({ sku: z.string(), quantity: z.number().int() });
export const AccountEvents = events('billing.account', { partitions: 1 }, { Billed: billed });
export const AccountCommands = commands('billing.account', { key: ({ sku }) => sku }, { Bill: billed });

export const Account = decider({
  name: 'account',
  commands: AccountCommands,
  events: AccountEvents,
  initial: () => ({ pieces: 0 }),
  evolve: { Billed: ({ pieces }, { data }) => ({ pieces: pieces + data.quantity }) },
  decide: { Bill: ({ data }) => AccountEvents.Billed(data) },
});

@Reaction({ name: 'bill-what-is-sold', startFrom: 'beginning' })
export class BillWhatIsSold {
  constructor(@InjectDecider(Account) private readonly account: HandlerOf<typeof Account>) {}

  @On(StockEvents.StockSold)
  async sold({ data }: EventFrom<typeof StockEvents.StockSold>): Promise<void> {
    await this.account.handle(AccountCommands.Bill(data));
  }
}

@Module({
  imports: [LogfoldModule.forFeature([Account, BillWhatIsSold], { service: 'billing' })],
  providers: [BillWhatIsSold],
})
export class BillingModule {
  static with(options: Omit<LogfoldModuleOptions, 'service'>): DynamicModule {
    return { module: BillingModule, imports: [LogfoldModule.forRoot({ service: 'billing', ...options })] };
  }
}
// #endregion
