import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, MetricReader, type DataPoint, type Histogram } from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
  type ReadableSpan,
  type Sampler,
} from '@opentelemetry/sdk-trace';

/** An SDK that keeps everything in memory. */
export interface TestSdk {
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  spans(): readonly ReadableSpan[];
  /** The spans of one trace, each below its parent, children by name. */
  tree(traceId: string): string[];
  /** The value of a metric now, by its attributes as JSON; of a histogram how many values it holds. */
  values(name: string): Promise<ReadonlyMap<string, number>>;
  /** All values of a metric added up. */
  sum(name: string): Promise<number>;
  /** All that was exported, as text. */
  text(): Promise<string>;
  end(): Promise<void>;
}

export function testSdk(options: { readonly sampler?: Sampler } = {}): TestSdk {
  const exporter = new InMemorySpanExporter();
  const reader = new Reader();
  const tracerProvider = new TracerProvider({ ...options, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const meterProvider = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);

  async function collected() {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  }
  const values = async (name: string): Promise<ReadonlyMap<string, number>> => {
    const metric = (await collected()).find(({ descriptor }) => descriptor.name === name);
    const points = (metric?.dataPoints ?? []) as readonly DataPoint<number | Histogram>[];
    return new Map(
      points.map(({ attributes, value }) => [
        JSON.stringify(attributes),
        typeof value === 'number' ? value : value.count,
      ]),
    );
  };

  return {
    tracerProvider,
    meterProvider,
    spans: () => exporter.getFinishedSpans(),
    tree: (traceId) => treeOf(exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId)),
    values,
    sum: async (name) => [...(await values(name)).values()].reduce((sum, value) => sum + value, 0),
    text: async () => {
      const spans = exporter.getFinishedSpans().map(({ name, attributes, events, status, links }) => ({
        name,
        attributes,
        events,
        status,
        links,
      }));
      return JSON.stringify([spans, await collected()]);
    },
    async end() {
      await tracerProvider.shutdown();
      await meterProvider.shutdown();
      context.disable();
      trace.disable();
      metrics.disable();
    },
  };
}

class Reader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

function treeOf(spans: readonly ReadableSpan[]): string[] {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const below = (parent: string | undefined, depth: number): string[] =>
    spans
      .filter(({ parentSpanContext: of }) => (of && ids.has(of.spanId) ? of.spanId : undefined) === parent)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((span) => ['  '.repeat(depth) + span.name, ...below(span.spanContext().spanId, depth + 1)]);
  return below(undefined, 0);
}
