export { telemetry, type TelemetryOptions } from './telemetry.js';
export { activeTrace, type TraceFields } from './active-trace.js';
export { carrierOf, extracted, type TraceCarrier } from './trace-context.js';
