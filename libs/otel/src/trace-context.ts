import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api';

/** What an event's metadata keeps of where it was made, and a record's headers carry. */
export interface TraceCarrier {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Longer ones are dropped, as the recommendation allows. */
const TRACESTATE_LIMIT = 512;

const pattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * The context that a carrier names; undefined for anything that is not one: what comes from a topic may be anything.
 * Written by hand and not with the global propagator, which might add baggage.
 * Source: https://www.w3.org/TR/trace-context/
 */
export function extracted(carrier: Readonly<Record<string, unknown>> | undefined): SpanContext | undefined {
  const { traceparent, tracestate } = carrier ?? {};
  if (typeof traceparent !== 'string' || traceparent.startsWith('ff')) return undefined;
  const [, traceId, spanId, flags] = pattern.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const context: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  if (!isSpanContextValid(context)) return undefined; // zeros
  if (typeof tracestate === 'string' && tracestate.length > 0 && tracestate.length <= TRACESTATE_LIMIT)
    context.traceState = createTraceState(tracestate);
  return context;
}

/** What is kept of a context; undefined where there is none: no SDK is registered. */
export function carrierOf(context: SpanContext): TraceCarrier | undefined {
  if (!isSpanContextValid(context)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = context;
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  const tracestate = traceState?.serialize();
  return tracestate ? { traceparent, tracestate } : { traceparent };
}
