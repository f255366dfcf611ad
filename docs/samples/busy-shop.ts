// #region database
import { LogfoldModule } from '@logfold/nestjs';
import { postgresDatabase } from '@logfold/postgres';
import type { DynamicModule } from '@nestjs/common';

/** More transactions at once than 4, and fewer appends that may wait than 10,000. */
export function busyShop(url: string): DynamicModule {
  const database = postgresDatabase({ service: 'shop', url, schema: 'shop', connections: 8, queueLimit: 2_000 });
  return LogfoldModule.forRoot({ service: 'shop', database });
}
// #endregion
