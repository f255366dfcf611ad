import { isSpanContextValid, trace } from '@opentelemetry/api';

/** What a line of a log holds of the span under which it was written. */
export interface TraceFields {
  readonly trace_id: string;
  readonly span_id: string;
  /** `01` when the trace is sampled: then it can be looked up. */
  readonly trace_flags: string;
}

/**
 * The trace that is active here, as fields for a line of a log; none of them where no span is active or no SDK is registered.
 * Source of the names: https://opentelemetry.io/docs/specs/otel/compatibility/logging_trace_context/
 * @example logger.log({ message, ...activeTrace() })
 */
export function activeTrace(): TraceFields | Record<never, never> {
  const context = trace.getActiveSpan()?.spanContext();
  if (!context || !isSpanContextValid(context)) return {};
  const { traceId, spanId, traceFlags } = context;
  return { trace_id: traceId, span_id: spanId, trace_flags: traceFlags.toString(16).padStart(2, '0') };
}
