import type { LogfoldModuleOptions } from '@logfold/nestjs';
import { telemetry } from '@logfold/otel';

/** What a service's options get where a collector is named, see `telemetry.ts`; nothing otherwise. */
export function observed(): Pick<LogfoldModuleOptions, 'instrumentation'> {
  return process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ? { instrumentation: telemetry() } : {};
}
