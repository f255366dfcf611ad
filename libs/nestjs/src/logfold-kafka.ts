import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import {
  checkHyphenatedName,
  retry,
  type Reaction,
  type ReactionContext,
  type Recorded,
  type RetryPolicy,
  type Runner,
  type StartFrom,
} from '@logfold/core';
import { lastValueFrom, isObservable } from 'rxjs';
import { InvalidConfiguration } from './errors.js';
import { EventPatterns, type Matched } from './event-patterns.js';
import { Following } from './following.js';
import { Handling } from './handling.js';
import { LogfoldContext } from './logfold-context.js';
import { keepOriginalErrors } from './original-errors.js';
import type { LogfoldServices } from './services.js';

/** Whose events the `@EventPattern` handlers of an application are called for, and how. */
export interface LogfoldKafkaOptions {
  /** The injected services: `app.get(LogfoldServices)`. */
  readonly services: LogfoldServices;
  /** The service in whose database the handlers work; may be left out where there is one. */
  readonly service?: string;
  /** Progress is kept under it, as under the name of a consumer group. Unique in the service. */
  readonly name: string;
  /** The registries of the events whose topics the patterns name. */
  readonly from: readonly object[];
  /** Where the first deployment begins: there is no default, since all of history would be handled. */
  readonly startFrom: StartFrom;
  /** What becomes of an event whose handler throws; `retry(5).thenPark()` unless given. */
  readonly onError?: RetryPolicy;
}

/** `disconnected` while it tries again, `crashed` when it gave up and needs a person. */
export type LogfoldKafkaStatus = 'connected' | 'disconnected' | 'crashed' | 'stopped';

/** The transport of {@link LogfoldKafka}: `@EventPattern('…', LOGFOLD_TRANSPORT)` in applications with several. */
export const LOGFOLD_TRANSPORT: symbol = Symbol('logfold');

interface Subscriber extends Matched {
  readonly handler: MessageHandler;
}

/**
 * A transport for existing `@EventPattern` handlers: each event is handled once, in one transaction of the service's
 * database with the checkpoint, over whatever the service hears others by (`kafka` or `topics` of LogfoldModule). A
 * pattern is the name of a topic, or `topic/EventType`. `@Payload()` is the event's data, `@Ctx()` a LogfoldContext.
 * The handlers of one event run one after the other in one transaction: all of them, or none. Its loops run wherever
 * the microservice is started, whatever the service's `run` says.
 * @throws InvalidConfiguration
 * @example app.connectMicroservice({ strategy: new LogfoldKafka({
 *   services: app.get(LogfoldServices), name: 'stock-consumers', from: [StockEvents], startFrom: 'beginning' }) });
 *   await app.startAllMicroservices();
 */
export class LogfoldKafka
  extends Server<Record<string, () => void>, LogfoldKafkaStatus>
  implements CustomTransportStrategy
{
  override readonly transportId = LOGFOLD_TRANSPORT;
  override readonly propagatesEventHandlerErrors = true;
  readonly #service: string;
  readonly #patterns: EventPatterns;
  readonly #subscribers: Subscriber[] = [];
  #following: Following | undefined;

  constructor(private readonly options: LogfoldKafkaOptions) {
    super();
    checkOptions(options);
    this.#service = options.services.chosen(options.service, 'LogfoldKafka');
    this.#patterns = new EventPatterns(options.from);
    keepOriginalErrors();
  }

  /** Called by Nest for each handler. Handlers of one pattern are not chained: Nest would run the chain at once. */
  override addHandler(
    pattern: unknown,
    handler: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (!isEventHandler)
      throw new InvalidConfiguration(
        `@MessagePattern(${JSON.stringify(pattern)}): a log has no replies. Ask the service over HTTP, or append an event ` +
          "and answer with another one in an @EventPattern handler; a handler of another transport must name it: @MessagePattern('…', Transport.TCP)",
      );
    const matched = this.#patterns.match(pattern);
    handler.isEventHandler = true;
    handler.extras = extras;
    this.#subscribers.push({ ...matched, handler });
    if (!this.messageHandlers.has(pattern as string)) this.messageHandlers.set(pattern as string, handler);
  }

  /** Starts the loops, with the service where that has not started yet. */
  override listen(callback: (error?: unknown) => void): void {
    try {
      this.#following = new Following(this.#reactions(), (_error, _name, final) =>
        this._status$.next(final ? 'crashed' : 'disconnected'),
      );
      this.options.services.follow(this.#following, this.#service);
      this._status$.next('connected');
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /** Ends the loops, after the event that is being handled. */
  override async close(): Promise<void> {
    await this.#following?.stop();
    this._status$.next('stopped');
  }

  /** @throws InvalidConfiguration always: there is only `status`. */
  override on(event: string): never {
    throw new InvalidConfiguration(`LogfoldKafka has no event "${event}": subscribe to its "status"`);
  }

  /** The loops, each with its own status. */
  override unwrap<T = readonly Runner[]>(): T {
    return (this.#following?.runners ?? []) as T;
  }

  /** One for each topic, so that a topic more or less leaves the names of the others as they are. */
  #reactions(): Reaction[] {
    const { name, startFrom, onError = retry(5).thenPark() } = this.options;
    const byTopic = Map.groupBy(this.#subscribers, ({ topic }) => topic);
    return [...byTopic].map(([topic, subscribers]) => ({
      kind: 'reaction',
      name: `${name} ${topic}`,
      types: [...new Set(subscribers.flatMap(({ types }) => types))],
      from: [...new Set(subscribers.flatMap(({ registries }) => registries))],
      startFrom,
      onError,
      handle: (event, context) => this.#handle(subscribers, topic, event, context),
    }));
  }

  #handle(
    subscribers: readonly Subscriber[],
    topic: string,
    event: Recorded,
    reaction: ReactionContext,
  ): Promise<void> {
    const { tx, idempotencyKey } = reaction;
    const { services } = this.options;
    const log = services.of(this.#service).database.events;
    const occasion = { event, topic, tx, idempotencyKey, log, appends: services.appends(this.#service) };
    return new Handling(this.#service, event, tx).run(async () => {
      for (const { types, handler } of subscribers)
        if (types.includes(event.type)) await this.#call(handler, new LogfoldContext(occasion));
      this._status$.next('connected');
    });
  }

  /** Calls a handler to its end, between the hooks that tracing sets. @throws what the handler threw. */
  async #call(handler: MessageHandler, context: LogfoldContext): Promise<void> {
    const ended = async (end: () => void): Promise<void> => {
      try {
        const result: unknown = await handler(context.event.data, context);
        if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
      } catch (error) {
        throw context.failure(error);
      } finally {
        end();
      }
    };
    await new Promise<void>((resolve, reject) => {
      const hooked: unknown = this.runWithProcessingHooks(context, (end) => ended(end).then(resolve, reject));
      Promise.resolve(hooked).catch(reject); // a hook may throw, and need not wait for what it starts
    });
  }
}

function checkOptions({ services, name, from, startFrom }: LogfoldKafkaOptions): void {
  if (typeof services?.follow !== 'function')
    throw new InvalidConfiguration('LogfoldKafka needs "services": app.get(LogfoldServices)');
  if (typeof name !== 'string')
    throw new InvalidConfiguration(
      'LogfoldKafka needs "name", under which its progress is kept: name: \'stock-consumers\'',
    );
  checkHyphenatedName('LogfoldKafka', name);
  if (!Array.isArray(from) || from.length === 0)
    throw new InvalidConfiguration('LogfoldKafka needs "from", the registries of the events: from: [StockEvents]');
  if (startFrom === undefined)
    throw new InvalidConfiguration(
      "LogfoldKafka needs \"startFrom\": 'beginning' handles all of history, 'now' what happens from now on",
    );
}
