import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import {
  BatchSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import type { Instrumentation } from '@logfold/core';
import { telemetry } from '@logfold/otel';

const METRICS_EVERY_MS = 1_000;
const SUCCESS = { code: 0 };

/** Telemetry as a service has it, but that nothing is sent anywhere. */
export interface Observing {
  readonly instrumentation: Instrumentation;
  /** Does work while contexts are followed: what that costs is paid then, and not by who works without it. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** How many spans were exported so far; those that a full queue dropped are not among them. */
  exported(): number;
  end(): Promise<void>;
}

/** An SDK with a batch processor and periodic metrics. @param sampled the share of traces that is kept */
export function observing(sampled = 1): Observing {
  let spans = 0;
  const spanExporter: SpanExporter = {
    export(batch, done) {
      spans += batch.length;
      done(SUCCESS);
    },
    shutdown: async () => {},
  };
  const metricExporter: PushMetricExporter = {
    export: (_metrics, done) => done(SUCCESS),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const tracerProvider = new TracerProvider({
    sampler: new TraceIdRatioBasedSampler(sampled),
    spanProcessors: [new BatchSpanProcessor({ exporter: spanExporter })],
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: METRICS_EVERY_MS,
    exportTimeoutMillis: METRICS_EVERY_MS,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  return {
    instrumentation: telemetry({ tracerProvider, meterProvider }),
    async during(work) {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      try {
        return await work();
      } finally {
        context.disable();
      }
    },
    exported: () => spans,
    async end() {
      await tracerProvider.shutdown();
      await meterProvider.shutdown();
    },
  };
}

/** The same without an SDK: what it costs to have built telemetry in. */
export function unobserved(): Observing {
  return { instrumentation: telemetry(), during: (work) => work(), exported: () => 0, end: async () => {} };
}
