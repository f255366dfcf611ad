// #region module
import { Module, type DynamicModule } from '@nestjs/common';
import { BillingModule } from './billing.js';
import { ShopModule } from './shop.module.js';

/** Both services in one process: each reads the log of the other. */
@Module({})
export class AppModule {
  static on(database: string): DynamicModule {
    const shop = ShopModule.on(database, { topics: 'logs' });
    const billing = BillingModule.with({ database, schema: 'billing', topics: 'logs' });
    return { module: AppModule, imports: [shop, billing] };
  }
}
// #endregion
