import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { CommandRejected, type HandleOptions, type Metadata } from '@logfold/core';
import type { Handling } from './handling.js';

/** The header that carries the correlation id, both ways. Incoming, `X-Request-Id` is taken as well. */
export const CORRELATION_HEADER = 'x-correlation-id';

/** The header under which a client may send a request again without a second effect. */
export const IDEMPOTENCY_KEY_HEADER = 'idempotency-key';

/** The header of a response that gives the first answer again. */
export const REPLAYED_HEADER = 'idempotency-replayed';

const acceptable = /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/;

/**
 * What belongs to the request, or to the event, that is being handled. `RequestContext.current()` gives it anywhere
 * below the controller or the reaction, without passing it along; commands handled there carry its correlation id into
 * the metadata of their events, and the handled event's id as what caused them.
 *
 * While an event is handled, injected deciders of the same service append in the transaction that also moves the
 * checkpoint, unless they are given a `tx`: what they append happens once, or not at all. Everything that begins there
 * must end there: a command that is still under way when the handler returns is refused. Work that shall outlive it
 * gets a context of its own, `RequestContext.run(new RequestContext(correlationId), work)`.
 *
 * It survives `await`, promises, timers and streams that are begun while the request is handled, also when they end
 * after the response. It does not reach: work that another request or a loop picks up (a queue, a shared batch, an
 * event emitter's listener called by somebody else), and guards, when Fastify has read a body before them: there, and
 * in exception filters, use `RequestContext.of(request)`.
 */
export class RequestContext {
  constructor(
    /** The same for everything that one request sets off; given by the client in `X-Correlation-Id`, or new. */
    readonly correlationId: string,
    /** The event that is being handled, with its transaction; undefined in a request. */
    readonly handling?: Handling,
    /** What the client sent in `Idempotency-Key`: injected deciders handle the request's commands under it. */
    readonly idempotencyKey?: string,
  ) {}

  #request: unknown;
  #commands = 0;
  #onReplayed: () => void = () => {};

  /** Remembers what was asked: the key stands for that, not for what the controller makes of it. */
  asked(method: string, url: string, body: unknown): void {
    this.#request = [method, url, body ?? null];
  }

  /**
   * What makes the request's next command safe to be sent again; nothing without a key. The first command gets the key
   * itself, the n-th one `key#n`: a controller has to send its commands in the same order again.
   */
  nextKey(): Pick<HandleOptions, 'idempotencyKey' | 'idempotencyPayload'> {
    if (this.idempotencyKey === undefined) return {};
    const n = ++this.#commands;
    const idempotencyKey = n === 1 ? this.idempotencyKey : `${this.idempotencyKey}#${n}`;
    return this.#request === undefined ? { idempotencyKey } : { idempotencyKey, idempotencyPayload: this.#request };
  }

  /** Marks the response: a command was answered again. */
  replayed(): void {
    this.#onReplayed();
  }

  /** The context of the request that is being handled; undefined outside of one. */
  static current(): RequestContext | undefined {
    return storage.getStore();
  }

  /** The context of a request, as the controller, a guard or a filter has it; undefined when none was begun. */
  static of(request: object): RequestContext | undefined {
    return begun.get(request) ?? begun.get((request as { raw?: object }).raw ?? request);
  }

  /** Runs work within a context: for work that begins outside of a request, such as a job or an import. */
  static run<T>(context: RequestContext, work: () => T): T {
    return storage.run(context, work);
  }

  /** Begins the context of an incoming request; what is not acceptable as an id is replaced, not refused. */
  static begin(
    request: { readonly headers: Readonly<Record<string, string | string[] | undefined>> },
    onReplayed: () => void = () => {},
  ): RequestContext {
    const given = request.headers[CORRELATION_HEADER] ?? request.headers['x-request-id'];
    const correlationId = typeof given === 'string' && acceptable.test(given) ? given : randomUUID();
    const context = new RequestContext(correlationId, undefined, keyIn(request.headers[IDEMPOTENCY_KEY_HEADER]));
    context.#onReplayed = onReplayed;
    begun.set(request, context);
    return context;
  }
}

/** Marks the response when a command was answered again; passes the answer, or the error, on. */
export async function markingReplays<T extends { readonly replayed: boolean }>(handling: Promise<T>): Promise<T> {
  try {
    const handled = await handling;
    if (handled.replayed) RequestContext.current()?.replayed();
    return handled;
  } catch (error) {
    if (error instanceof CommandRejected && error.replayed) RequestContext.current()?.replayed();
    throw error;
  }
}

/** What an append of a service inherits from the current context: metadata, and the transaction if it is the service's. */
export interface Inherited {
  readonly metadata?: Partial<Metadata>;
  readonly tx?: unknown;
}

/** What an append of a service inherits from the current context; nothing outside of one. */
export function inherited(service: string): Inherited {
  const context = RequestContext.current();
  if (!context) return {};
  const { correlationId, handling } = context;
  const metadata = { correlationId, ...(handling ? { causationId: handling.event.id } : {}) };
  return handling?.service === service ? { metadata, tx: handling.tx } : { metadata };
}

/** The options of a command with what it inherits, unless they bring their own. */
export function withContext(options: HandleOptions = {}, service: string): HandleOptions {
  const { metadata, ...transaction } = inherited(service);
  const key = options.idempotencyKey === undefined ? RequestContext.current()?.nextKey() : {};
  return {
    ...transaction,
    ...key,
    ...options,
    ...(metadata ? { metadata: { ...metadata, ...options.metadata } } : {}),
  };
}

/** The key with or without the quotes that the header's draft standard gives it. It is checked when it is used. */
function keyIn(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const given = String(header);
  return /^"(.*)"$/.exec(given)?.[1] ?? given;
}

const storage = new AsyncLocalStorage<RequestContext>();
const begun = new WeakMap<object, RequestContext>();
