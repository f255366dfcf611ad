import {
  createNoopMeter,
  metrics,
  ProxyTracerProvider,
  trace,
  type Meter,
  type MeterProvider,
  type TracerProvider,
} from '@opentelemetry/api';
import type { Instrumentation } from '@logfold/core';
import { tracedHandler } from './command-handler.js';
import { tracedEventStore } from './event-store.js';
import { instrumentsOf } from './instruments.js';
import { tracedTopics } from './publisher.js';
import { observeService } from './service-metrics.js';
import { tracedSubscription } from './subscription.js';

/** Where traces and metrics go. */
export interface TelemetryOptions {
  /** The global one unless given; it must be registered before `telemetry` is called. */
  readonly tracerProvider?: TracerProvider;
  /** The global one unless given; it must be registered before `telemetry` is called. */
  readonly meterProvider?: MeterProvider;
}

/**
 * Traces and metrics of a service, for whatever SDK is registered with OpenTelemetry's API; without one nothing is done at all.
 * Traces connect: an event keeps the context of the command that led to it as `traceparent` in its metadata, its record in
 * a topic has it as a header, and whatever the event causes goes on with it, also in other services. No payload, no error text and
 * no baggage goes into spans, metrics or metadata; names of streams go into spans.
 * @example logfold({ database, definitions, instrumentation: telemetry() })
 */
export function telemetry({ tracerProvider = trace, meterProvider = metrics }: TelemetryOptions = {}): Instrumentation {
  const tracer = tracerProvider.getTracer('logfold');
  const meter = meterProvider.getMeter('logfold');
  if (nobodyListens(tracerProvider, meter)) return nothing;
  const instruments = instrumentsOf(meter);
  return {
    database: (database) => ({
      ...database,
      events: tracedEventStore(database.events, database.service, tracer, instruments),
    }),
    topics: (topics, service) => tracedTopics(topics, service, tracer, instruments),
    handler: (handler, about) => tracedHandler(handler, about, tracer, instruments),
    subscription: (handler, about) => tracedSubscription(handler, about, tracer, instruments),
    observe: (service) => observeService(service, meter),
    alarm: (service, { kind, topic }) =>
      instruments.alarms.add(1, { 'logfold.service': service, 'logfold.source': topic, 'logfold.alarm': kind }),
  };
}

/** True where no SDK is registered: then even calls that keep nothing would cost some microseconds an append. */
function nobodyListens(tracerProvider: TracerProvider | typeof trace, meter: Meter): boolean {
  const provider = tracerProvider === trace ? trace.getTracerProvider() : tracerProvider;
  const untraced = provider instanceof ProxyTracerProvider && provider.getDelegateTracer('logfold') === undefined;
  return untraced && meter === createNoopMeter();
}

/** Leaves everything as it is. */
const nothing: Instrumentation = {
  database: (database) => database,
  topics: (topics) => topics,
  handler: (handler) => handler,
  subscription: (handler) => handler,
  alarm: () => {},
  observe: () => () => {},
};
