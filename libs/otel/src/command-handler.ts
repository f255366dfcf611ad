import { context, SpanKind, trace, type Tracer } from '@opentelemetry/api';
import { CommandRejected, type Decider, type Handled, type Handler } from '@logfold/core';
import type { Instruments } from './instruments.js';
import { childOf, errorType, failed, originOf } from './spans.js';
import { carrierOf } from './trace-context.js';

/** A span for each command; what it appends carries the span's context in its metadata, whatever it shares an append with. */
export function tracedHandler(
  handler: Handler,
  { service, decider }: { readonly service: string; readonly decider: Decider },
  tracer: Tracer,
  { commandDuration, commandsWaiting }: Instruments,
): Handler {
  const waiting = { 'logfold.service': service, 'logfold.decider': decider.name };
  return {
    async handle(command, options = {}) {
      const about = { ...waiting, 'logfold.command': command.type };
      const origin = originOf(options.metadata);
      const within = origin ? childOf(origin) : context.active();
      const attributes = { ...about, 'logfold.stream': command.stream };
      const span = tracer.startSpan(`handle ${command.type}`, { kind: SpanKind.INTERNAL, attributes }, within);
      const carrier = carrierOf(span.spanContext());
      const carried = carrier ? { ...options, metadata: { ...options.metadata, ...carrier } } : options;
      const begun = performance.now();
      let outcome = 'accepted';
      commandsWaiting.add(1, waiting);
      try {
        const handled: Handled = await context.with(trace.setSpan(within, span), () =>
          handler.handle(command, carried),
        );
        outcome = handled.replayed ? 'replayed' : handled.events.length > 0 ? 'accepted' : 'unchanged';
        span.setAttributes({ 'logfold.events': handled.events.length, 'logfold.stream.version': handled.version });
        return handled as never;
      } catch (error) {
        if (error instanceof CommandRejected) {
          outcome = 'rejected';
          span.setAttribute('logfold.rejected', error.rejected);
        } else {
          outcome = errorType(error);
          failed(span, error);
        }
        throw error;
      } finally {
        span.setAttribute('logfold.outcome', outcome);
        span.end();
        commandsWaiting.add(-1, waiting);
        commandDuration.record((performance.now() - begun) / 1_000, { ...about, 'logfold.outcome': outcome });
      }
    },
  };
}
