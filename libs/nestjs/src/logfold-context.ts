import { BaseRpcContext } from '@nestjs/microservices';
import type { Append, Appended, EventStore, Recorded } from '@logfold/core';
import { InvalidConfiguration } from './errors.js';

/** What a handler is called about. */
export interface Occasion<Tx = unknown> {
  readonly event: Recorded;
  readonly topic: string;
  readonly idempotencyKey: string;
  readonly tx: Tx;
  readonly log: EventStore<Tx>;
  /** The types of the events that the service may append. */
  readonly appends: ReadonlySet<string>;
}

/**
 * What `@Ctx()` gives an `@EventPattern` handler beside the payload.
 * @example @EventPattern('inventory.stock') async moved(@Payload() data: Moved, @Ctx() { event, tx }: LogfoldContext) { … }
 */
export class LogfoldContext<Tx = any> extends BaseRpcContext<[Occasion<Tx>]> {
  #failure: { readonly error: unknown } | undefined;

  constructor(occasion: Occasion<Tx>) {
    super([occasion]);
  }

  /** The event, with its position, stream and metadata. */
  get event(): Recorded {
    return this.args[0].event;
  }

  get topic(): string {
    return this.args[0].topic;
  }

  /** The transaction that also moves the checkpoint: what is written with it happens once. */
  get tx(): Tx {
    return this.args[0].tx;
  }

  /** The same whenever this event is handled again: give it to systems outside, where effects may happen twice. */
  get idempotencyKey(): string {
    return this.args[0].idempotencyKey;
  }

  /**
   * Appends to the service's log, in the same transaction; the events name this one as their cause.
   * @throws InvalidConfiguration for events that the service does not declare, and as `EventStore.appendAll`
   */
  readonly append = async (appends: Append | readonly Append[]): Promise<readonly Appended[]> => {
    const { event, tx, log, appends: declared } = this.args[0];
    const inherited = { correlationId: event.metadata.correlationId, causationId: event.id };
    const all = Array.isArray(appends) ? (appends as readonly Append[]) : [appends as Append];
    const foreign = all.flatMap(({ events }) => events).find(({ type }) => !declared.has(type));
    if (foreign)
      throw new InvalidConfiguration(
        `Events of type ${foreign.type} are appended, but not declared: list their registry, LogfoldModule.forFeature([StockEvents])`,
      );
    return log.appendAll(
      all.map((append) => ({ ...append, metadata: { ...inherited, ...append.metadata } })),
      { tx },
    );
  };

  /** Remembers what a handler threw, before exception filters make something else of it. */
  failed(error: unknown): void {
    this.#failure ??= { error };
  }

  /** What the handler threw; `replaced` when nothing was remembered. */
  failure(replaced: unknown): unknown {
    return this.#failure ? this.#failure.error : replaced;
  }
}
