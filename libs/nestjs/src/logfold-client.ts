import { Logger } from '@nestjs/common';
import { ClientProxy, type ReadPacket } from '@nestjs/microservices';
import { registryOf, type Appended, type Creator, type Event, type Events, type Metadata } from '@logfold/core';
import { defer, throwError, type Observable } from 'rxjs';
import { InvalidConfiguration } from './errors.js';
import { EventPatterns } from './event-patterns.js';
import { inherited, RequestContext } from './request-context.js';
import type { LogfoldServices } from './services.js';

/** Whose log a client appends to, and what. */
export interface LogfoldClientOptions {
  /** The injected services. */
  readonly services: LogfoldServices;
  /** The service whose log it is; may be left out where there is one. */
  readonly service?: string;
  /** The registries of the events that may be emitted; the service declares them with it. */
  readonly events: readonly object[];
  /**
   * The stream that an event goes to, such as `stock-85123A`. Unless given, the category and the key that the registry
   * names, which then every registry must do.
   */
  readonly stream?: (event: Event) => string;
}

/**
 * A client that appends to the log instead of talking to a broker: the relay brings the event to its topic. While an
 * event of the same service is handled, it appends in that transaction, and holds the commit back until it has. A
 * pattern is `topic/EventType`, the type's name alone, its creator, or the topic where that has one type. The append
 * begins at once, also if nobody subscribes; the Observable gives what was appended.
 * @throws InvalidConfiguration
 * @example ClientsModule.registerAsync([{ name: 'STOCK', inject: [LogfoldServices], useFactory: (services) =>
 *   ({ customClass: LogfoldClient, options: { services, events: [StockEvents] } }) }])
 */
export class LogfoldClient extends ClientProxy {
  readonly #logger = new Logger('LogfoldClient');
  readonly #patterns: EventPatterns;
  readonly #types = new Map<string, Creator>();

  constructor(private readonly options: LogfoldClientOptions) {
    super();
    const { services, service, events, stream } = options ?? {};
    if (typeof services?.chosen !== 'function')
      throw new InvalidConfiguration('LogfoldClient needs "services", the injected LogfoldServices');
    if (!Array.isArray(events) || events.length === 0)
      throw new InvalidConfiguration('LogfoldClient needs "events", the registries it may emit: events: [StockEvents]');
    for (const registry of events as readonly object[]) {
      const { name, key } = registryOf(registry);
      if (stream === undefined && key === undefined)
        throw new InvalidConfiguration(
          `LogfoldClient needs "stream", as events("${name}") has no key: stream: ({ data }) => \`stock-\${data.sku}\``,
        );
      for (const creator of Object.values(registry) as Creator[]) this.#types.set(creator.type, creator);
    }
    this.#patterns = new EventPatterns(events);
    services.add(events as readonly Events[], service === undefined ? {} : { service });
  }

  /** Appends an event. The Observable ends with what was appended, or with what the event store throws. */
  override emit<TResult = Appended, TInput = unknown>(pattern: unknown, data: TInput): Observable<TResult> {
    let subscribed = false;
    const appended = this.dispatchEvent<TResult>(this.createPacket(pattern, data));
    const observed = appended.catch((error: unknown) => {
      if (!subscribed) throw error; // nobody else will tell
    });
    const handling = RequestContext.current()?.handling;
    if (!handling?.include(observed))
      observed.catch((error: unknown) => this.#logger.error(`emit(${describe(pattern)}) failed: ${String(error)}`));
    return defer(() => {
      subscribed = true;
      return appended;
    });
  }

  /** Refused. A log has no replies. */
  override send<TResult = unknown>(pattern: unknown): Observable<TResult> {
    return throwError(() => new InvalidConfiguration(noReplies(pattern)));
  }

  override async connect(): Promise<void> {}

  override close(): void {}

  /** The event store that it appends to. */
  override unwrap<T>(): T {
    return this.#database().events as T;
  }

  protected override async dispatchEvent<T>({
    pattern,
    data,
    ...packet
  }: ReadPacket & { metadata?: unknown }): Promise<T> {
    const event = this.#creator(pattern)(data);
    const database = this.#database();
    const { metadata, ...transaction } = inherited(database.service);
    const append = {
      stream: this.#streamOf(event),
      events: [event],
      expected: 'any' as const,
      metadata: { ...(packet.metadata as Partial<Metadata> | undefined), ...metadata },
    };
    return (await database.events.append(append, transaction)) as T;
  }

  /** @throws InvalidConfiguration always: only `send` would publish. */
  protected override publish({ pattern }: ReadPacket): never {
    throw new InvalidConfiguration(noReplies(pattern));
  }

  #database() {
    const { services, service } = this.options;
    return services.of(services.chosen(service, 'LogfoldClient')).database;
  }

  #creator(pattern: unknown): Creator {
    const name = typeof pattern === 'function' ? (pattern as Partial<Creator>).type : pattern;
    const known = this.#types.get(name as string);
    if (known) return known;
    const { types, topic } = this.#patterns.match(pattern);
    if (types.length > 1)
      throw new InvalidConfiguration(
        `emit(${describe(pattern)}) must say which event it is: ${types.map((type) => `'${topic}/${type}'`).join(', ')}`,
      );
    return this.#types.get(types[0]!)!;
  }

  #streamOf(event: Event): string {
    if (this.options.stream) return this.options.stream(event);
    const registry = registryOf(this.options.events.find((each) => event.type in each)!);
    const category = registry.name.slice(registry.name.lastIndexOf('.') + 1);
    return `${category}-${registry.key!(event)}`;
  }
}

function noReplies(pattern: unknown): string {
  return (
    `send(${describe(pattern)}): a log has no replies. Ask the service over HTTP; or emit an event, and handle the one ` +
    'that the other service answers with'
  );
}

function describe(pattern: unknown): string {
  return typeof pattern === 'function' ? String((pattern as Partial<Creator>).type) : JSON.stringify(pattern);
}
