import {
  context,
  createContextKey,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import { extracted } from './trace-context.js';

/** Links that one span has at most: what an SDK keeps by default. */
const LINK_LIMIT = 128;

const HEARD = createContextKey('logfold.heard');

/** Which span each event of the batch that is being handled goes on with, by the event's id. */
export type Heard = ReadonlyMap<string, SpanContext>;

/** The context in which a batch is handled. */
export function hearing(within: Context, heard: Heard): Context {
  return within.setValue(HEARD, heard);
}

/**
 * Where something was begun that carries this metadata: the span that made it; else that of the event which caused it, if
 * that one is being handled here; undefined when neither is known.
 */
export function originOf(metadata: Readonly<Record<string, unknown>> | undefined): SpanContext | undefined {
  const made = extracted(metadata);
  if (made) return made;
  const heard = context.active().getValue(HEARD) as Heard | undefined;
  const causationId = metadata?.['causationId'];
  return typeof causationId === 'string' ? heard?.get(causationId) : undefined;
}

/** Origins, each once. */
export function distinct(origins: Iterable<SpanContext | undefined>): SpanContext[] {
  const found = new Map<string, SpanContext>();
  for (const origin of origins) if (origin) found.set(origin.traceId + origin.spanId, origin);
  return [...found.values()];
}

/** Links to origins, as many as a span may have. */
export function linksTo(origins: readonly SpanContext[]): Link[] {
  return origins.slice(0, LINK_LIMIT).map((origin) => ({ context: origin }));
}

/** The context of a span that goes on with an origin. */
export function childOf(origin: SpanContext): Context {
  return trace.setSpanContext(ROOT_CONTEXT, origin);
}

/** Runs work under a span, and ends it with what came of the work. Of an error only its code or class is kept: its text may hold data. */
export async function under<T>(
  span: Span,
  within: Context,
  work: () => Promise<T>,
  outcome: (result: T) => Attributes,
): Promise<T> {
  try {
    const result = await context.with(trace.setSpan(within, span), work);
    if (span.isRecording()) span.setAttributes(outcome(result));
    return result;
  } catch (error) {
    failed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Marks a span as failed. */
export function failed(span: Span, error: unknown): void {
  span.setAttribute('error.type', errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The code of an error of ours, the class of another. */
export function errorType(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : '_OTHER';
}
