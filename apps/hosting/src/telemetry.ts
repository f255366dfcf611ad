/**
 * Loaded before everything else: `node --import @logfold-example/hosting/telemetry main.js`, so that `node:http` is
 * watched from its first use. Does nothing, and loads nothing, unless OTEL_EXPORTER_OTLP_ENDPOINT names a collector.
 */
const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: service = 'logfold-example' } = process.env;

/** Sends what has not been sent yet, and ends the exporters. Never rejects. */
export const endTelemetry: () => Promise<void> = endpoint
  ? (await import('./telemetry-sdk.js')).startTelemetry(service)
  : async () => {};
