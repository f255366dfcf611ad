import { context, SpanKind, trace, type Span, type SpanContext, type Tracer } from '@opentelemetry/api';
import type { Append, Appended, EventStore, Metadata } from '@logfold/core';
import type { Instruments } from './instruments.js';
import { childOf, distinct, errorType, linksTo, originOf, under } from './spans.js';
import { carrierOf } from './trace-context.js';

/**
 * A span for each append. Events keep the context of the span that made them, in their metadata as `traceparent`: that of
 * their command, else that of the event that caused them, else that of the append.
 */
export function tracedEventStore<Tx>(
  store: EventStore<Tx>,
  service: string,
  tracer: Tracer,
  { appendDuration, appended }: Instruments,
): EventStore<Tx> {
  const about = { 'logfold.service': service };

  async function traced<T>(
    appends: readonly Append[],
    work: (carrying: readonly Append[]) => Promise<T>,
    stored: (result: T) => readonly Appended[],
  ): Promise<T> {
    const events = appends.reduce((sum, append) => sum + append.events.length, 0);
    const { span, within } = begin(appends, events);
    const begun = performance.now();
    let error: string | undefined;
    try {
      const result = await under(
        span,
        within,
        () => work(appends.map((append) => carrying(append, span))),
        (done) => ({ 'logfold.position': String(stored(done).at(-1)?.position ?? 0n) }),
      );
      appended.add(events, about);
      return result;
    } catch (thrown) {
      error = errorType(thrown);
      throw thrown;
    } finally {
      const outcome = error === undefined ? about : { ...about, 'error.type': error };
      appendDuration.record((performance.now() - begun) / 1_000, outcome);
    }
  }

  function begin(
    appends: readonly Append[],
    events: number,
  ): { span: Span; within: ReturnType<typeof context.active> } {
    const origins = distinct(appends.flatMap(originsOf));
    const within = origins[0] ? childOf(origins[0]) : context.active();
    const [first] = appends;
    const attributes = {
      ...about,
      'db.operation.name': 'append',
      'db.namespace': service,
      'logfold.events': events,
      ...(appends.length === 1 && first ? { 'logfold.stream': first.stream } : { 'logfold.streams': appends.length }),
    };
    const links = origins.length > 1 ? linksTo(origins) : [];
    const span = tracer.startSpan(`append ${service}`, { kind: SpanKind.CLIENT, attributes, links }, within);
    return { span, within: inheriting(within) };
  }

  return {
    append: (append, options) =>
      traced(
        [append],
        ([one]) => store.append(one!, options),
        (one) => [one],
      ),
    appendAll: (appends, options) =>
      appends.length === 0
        ? store.appendAll(appends, options)
        : traced(
            appends,
            (all) => store.appendAll(all, options),
            (all) => all,
          ),
    readStream: (stream, range) => store.readStream(stream, range),
    readLog: (range) => store.readLog(range),
    readPublished: (range) => store.readPublished(range),
    end: () => store.end(),
    drawn: () => store.drawn(),
    positionAt: (time) => store.positionAt(time),
    idsAt: (positions) => store.idsAt(positions),
    identity: () => store.identity(),
  };
}

/** What else is known in the active context stays known. */
function inheriting(within: ReturnType<typeof context.active>): ReturnType<typeof context.active> {
  const span = trace.getSpan(within);
  return span ? trace.setSpan(context.active(), span) : context.active();
}

function originsOf({ metadata, commands }: Append): (SpanContext | undefined)[] {
  if (!commands) return [originOf(metadata)];
  return commands.filter(({ events }) => events > 0).map((command) => originOf(command.metadata ?? metadata));
}

/** The append with a context in the metadata of all its events. */
function carrying(append: Append, span: Span): Append {
  const { metadata, commands } = append;
  const marked = withContext(metadata, span);
  if (!commands) return { ...append, ...(marked ? { metadata: marked } : {}) };
  return {
    ...append,
    ...(marked ? { metadata: marked } : {}),
    commands: commands.map((command) => {
      const own = command.metadata && withContext(command.metadata, span);
      return own ? { ...command, metadata: own } : command;
    }),
  };
}

function withContext(metadata: Partial<Metadata> | undefined, span: Span): Partial<Metadata> | undefined {
  const carrier = carrierOf(originOf(metadata) ?? span.spanContext());
  if (!carrier) return metadata;
  const { traceparent: _traceparent, tracestate: _tracestate, ...rest } = metadata ?? {};
  return { ...rest, ...carrier };
}
