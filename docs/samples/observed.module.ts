// #region module
import { LogfoldModule, type LogfoldModuleOptions } from '@logfold/nestjs';
import { telemetry } from '@logfold/otel';
import type { DynamicModule } from '@nestjs/common';

/** A service whose traces and metrics go to the SDK that the process has registered. */
export function observedShop(database: LogfoldModuleOptions['database']): DynamicModule {
  return LogfoldModule.forRoot({ service: 'shop', database, instrumentation: telemetry() });
}
// #endregion
