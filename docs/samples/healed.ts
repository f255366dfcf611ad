// #region logs
import { postgresLog } from '@logfold/postgres';
import type { DynamicModule } from '@nestjs/common';
import { BillingModule } from './billing.js';

/** Billing, which reads from the shop's own log what the topic does not hold any more. */
export function healedBilling(database: string, brokers: string[], shop: string): DynamicModule {
  const log = postgresLog({ service: 'shop', url: shop, schema: 'logfold' });
  return BillingModule.with({ database, schema: 'billing', kafka: { brokers, logs: { shop: log.events } } });
}
// #endregion
