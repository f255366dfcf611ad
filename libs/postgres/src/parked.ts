import {
  uuidv7,
  type CheckpointKey,
  type HandledRequest,
  type Parked,
  type ParkedEvent,
  type ParkedKey,
  type ParkedRequest,
} from '@logfold/core';
import type { Pool, Tx } from './connection.js';
import { translating } from './errors.js';
import { parkedStatements } from './parked-statements.js';
import { recordedEvent, type EventRow } from './recorded-event.js';

/** The longest error, outcome or reason that is kept, in characters. */
const TEXT_LIMIT = 10_000;

/** Parked events and the requests of people as rows. */
export class PostgresParked implements Parked<Tx> {
  readonly #statements: ReturnType<typeof parkedStatements>;

  constructor(
    readonly pool: Pool,
    schema: string,
  ) {
    this.#statements = parkedStatements(schema);
  }

  async keys({ subscription, source }: CheckpointKey, partitions: readonly number[]): Promise<ReadonlySet<string>> {
    const rows = await this.#ask<{ key: string }>(this.#statements.keys, [subscription, source, [...partitions]]);
    return new Set(rows.map(({ key }) => key));
  }

  async park(tx: Tx, key: CheckpointKey, parked: ParkedEvent): Promise<void> {
    await translating(() => tx.unsafe(this.#statements.park, parameters(key, [parked]), { prepare: true }));
  }

  async parkBehind(tx: Tx, key: CheckpointKey, parked: readonly ParkedEvent[]): Promise<boolean> {
    if (parked.length === 0) return true;
    const stored = await translating(() =>
      tx.unsafe(this.#statements.parkBehind, parameters(key, parked), { prepare: true }),
    );
    return stored.count === parked.length;
  }

  async first(tx: Tx, { subscription, source }: CheckpointKey, parkedKey: string): Promise<ParkedEvent | undefined> {
    const [row] = await translating(() =>
      tx.unsafe<ParkedRow[]>(this.#statements.first, [subscription, source, parkedKey], { prepare: true }),
    );
    return row && parkedEvent(row);
  }

  async takeFirst(tx: Tx, { subscription, source }: CheckpointKey, parkedKey: string): Promise<boolean> {
    const [row] = await translating(() =>
      tx.unsafe<{ more: boolean }[]>(this.#statements.takeFirst, [subscription, source, parkedKey], { prepare: true }),
    );
    return row!.more;
  }

  requests({ subscription, source }: CheckpointKey): Promise<readonly ParkedRequest[]> {
    return this.#ask<ParkedRequest>(this.#statements.requests, [subscription, source]);
  }

  async handled(tx: Tx, { id }: ParkedRequest, outcome: string): Promise<boolean> {
    const { count } = await translating(() =>
      tx.unsafe(this.#statements.handled, [id, storable(outcome)], { prepare: true }),
    );
    return count > 0;
  }

  async request(
    { subscription, source }: CheckpointKey,
    { action, key, who, why }: Omit<ParkedRequest, 'id'>,
  ): Promise<ParkedRequest> {
    const request = { id: uuidv7(), action, key: storable(key), who: storable(who), why: storable(why) };
    await this.#ask(this.#statements.request, [
      request.id,
      subscription,
      source,
      request.key,
      action,
      request.who,
      request.why,
    ]);
    return request;
  }

  async show({ subscription, source }: CheckpointKey, parkedKey: string): Promise<readonly ParkedEvent[]> {
    const rows = await this.#ask<ParkedRow>(this.#statements.show, [subscription, source, parkedKey]);
    return rows.map(parkedEvent);
  }

  async list({ subscriptions, key }: Parameters<Parked['list']>[0] = {}): Promise<readonly ParkedKey[]> {
    return this.#ask<ParkedKey>(this.#statements.list, [subscriptions ? [...subscriptions] : null, key ?? null]);
  }

  async history(): Promise<readonly HandledRequest[]> {
    const rows = await this.#ask<HistoryRow>(this.#statements.history, []);
    return rows.map(({ handledAt, outcome, ...row }) => ({
      ...row,
      handledAt: handledAt ?? undefined,
      outcome: outcome ?? undefined,
    }));
  }

  async #ask<Row extends object>(
    statement: string,
    values: readonly (string | number[] | string[] | null)[],
  ): Promise<readonly Row[]> {
    const rows = await translating(() => this.pool.sql.unsafe<Row[]>(statement, values as string[], { prepare: true }));
    return rows.map((row) => ({ ...row }));
  }
}

interface ParkedRow extends EventRow {
  readonly partition: number;
  readonly key: string;
  readonly error: string | null;
}

interface HistoryRow extends Omit<HandledRequest, 'handledAt' | 'outcome'> {
  readonly handledAt: Date | null;
  readonly outcome: string | null;
}

function parkedEvent(row: ParkedRow): ParkedEvent {
  const { partition, key, error } = row;
  return { partition, key, event: recordedEvent(row), ...(error === null ? {} : { error }) };
}

function parameters({ subscription, source }: CheckpointKey, parked: readonly ParkedEvent[]): string[] {
  const rows = parked.map(({ partition, key, event, error }) => ({
    partition,
    key,
    position: String(event.position),
    stream: event.stream,
    version: event.version,
    id: event.id,
    type: event.type,
    schema_version: event.schemaVersion,
    data: event.data,
    metadata: event.metadata,
    recorded_at: event.recordedAt,
    error: error === undefined ? undefined : storable(error),
  }));
  return [subscription, source, JSON.stringify(rows)];
}

/** A text for people as the database can hold it: an error must never be a reason that its event cannot be parked. */
function storable(text: string): string {
  return text.slice(0, TEXT_LIMIT).replaceAll('\0', '').toWellFormed();
}
