import { ROOT_CONTEXT, SpanKind, type SpanContext, type Tracer } from '@opentelemetry/api';
import type { Recorded, SubscriptionHandler } from '@logfold/core';
import type { Instruments } from './instruments.js';
import { childOf, distinct, errorType, hearing, linksTo, under } from './spans.js';
import { extracted } from './trace-context.js';

/** An event that is handled so long after its append is history: its trace is over, and only linked. */
const REPLAY_AFTER_MS = 3_600_000;

/**
 * A span for each batch. A batch of one origin goes on with its trace; one of several begins a trace, linked to theirs.
 * Either way what an event causes goes on with the trace of that event.
 */
export function tracedSubscription<Tx>(
  handler: SubscriptionHandler<Tx>,
  { service, name }: { readonly service: string; readonly name: string },
  tracer: Tracer,
  { handled, handleDuration, latency, failures }: Instruments,
): SubscriptionHandler<Tx> {
  const about = { 'logfold.service': service, 'logfold.subscription': name };

  function begin(events: readonly Recorded[]) {
    const origins = events.map(({ metadata }) => extracted(metadata));
    const replay = Date.now() - events.at(-1)!.recordedAt.getTime() > REPLAY_AFTER_MS;
    const several = distinct(origins);
    const one = several.length === 1 && !replay ? several[0] : undefined;
    const attributes = {
      ...about,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.batch.message_count': events.length,
      'logfold.position': String(events.at(-1)!.position),
      ...(replay ? { 'logfold.replay': true } : {}),
    };
    const links = one ? [] : linksTo(several);
    const within = one ? childOf(one) : ROOT_CONTEXT;
    const span = tracer.startSpan(`process ${name}`, { kind: SpanKind.CONSUMER, attributes, links }, within);
    const heard = new Map<string, SpanContext>();
    for (const [index, { id }] of events.entries())
      heard.set(id, one || replay ? span.spanContext() : (origins[index] ?? span.spanContext()));
    return { span, within: hearing(within, heard) };
  }

  return {
    ...handler,
    ...(handler.keyOf ? { keyOf: (event) => handler.keyOf!(event) } : {}),
    ...(handler.confirm ? { confirm: (tx) => handler.confirm!(tx) } : {}),
    async handle(events, tx) {
      if (events.length === 0) return handler.handle(events, tx);
      const { span, within } = begin(events);
      const begun = performance.now();
      latency.record(Math.max(0, Date.now() - events.at(-1)!.recordedAt.getTime()) / 1_000, about);
      let error: string | undefined;
      try {
        await under(
          span,
          within,
          () => handler.handle(events, tx),
          () => ({}),
        );
        handled.add(events.length, about);
      } catch (thrown) {
        error = errorType(thrown);
        failures.add(1, { ...about, 'error.type': error });
        throw thrown;
      } finally {
        const outcome = error === undefined ? about : { ...about, 'error.type': error };
        handleDuration.record((performance.now() - begun) / 1_000, outcome);
      }
    },
  };
}
