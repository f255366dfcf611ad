import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

const EXPORT_EVERY_MS = Number(process.env['OTEL_METRIC_EXPORT_INTERVAL'] ?? 10_000);
const SPANS_EVERY_MS = Number(process.env['OTEL_BSP_SCHEDULE_DELAY'] ?? 5_000);
const END_WITHIN_MS = 2_000;

/**
 * Registers an SDK: traces and metrics over OTLP to what OTEL_EXPORTER_OTLP_ENDPOINT names, requests as the beginnings of
 * traces. Without baggage: nothing that a client says there is handed on.
 * @returns what ends it; a collector that does not answer holds nothing up for longer than two seconds
 */
export function startTelemetry(service: string): () => Promise<void> {
  const resource = resourceFromAttributes({ 'service.name': service, 'service.instance.id': String(process.pid) });
  const tracerProvider = new TracerProvider({
    resource,
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: SPANS_EVERY_MS }),
    ],
  });
  const exporter = new OTLPMetricExporter();
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: EXPORT_EVERY_MS,
    exportTimeoutMillis: EXPORT_EVERY_MS,
  });
  const meterProvider = new MeterProvider({ resource, readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  const http = new HttpInstrumentation({
    startIncomingSpanHook: () => ({ 'url.query': undefined }), // may hold what is nobody's business
    ignoreIncomingRequestHook: ({ url = '' }) => url.startsWith('/health'),
    requireParentforOutgoingSpans: true, // what the exporters themselves send is no trace
  });
  http.setTracerProvider(tracerProvider);
  http.setMeterProvider(meterProvider);
  return async () => {
    const ended = Promise.allSettled([tracerProvider.shutdown(), meterProvider.shutdown()]);
    await Promise.race([ended, new Promise<void>((resolve) => setTimeout(resolve, END_WITHIN_MS).unref())]);
  };
}
