export { telemetry, type TelemetryOptions } from './telemetry.js';
export { carrierOf, extracted, type TraceCarrier } from './trace-context.js';
