import {
  handledBy,
  InvalidAppend,
  prepareAppend,
  WrongExpectedVersion,
  EventNotStorable,
  failpoint,
  IdempotencyKeyTaken,
  type Append,
  type Appended,
  type EventStore,
  type LogBatch,
  type LogIdentity,
  type LogRange,
  type PreparedAppend,
  type PublishedBatch,
  type PublishedLog,
  type PublishedRange,
  type Recorded,
  type StreamRange,
} from '@logfold/core';
import { decodeBatch, encodeCommands, type AppendedRow } from './append-encoding.js';
import { appendStatement } from './append-lane.js';
import type { Appender } from './appender.js';
import type { Pool, Tx } from './connection.js';
import { isDataError, isDuplicate, isTakenKey, translated, translating, unstorable } from './errors.js';
import { readLog } from './log-reader.js';
import { publishedLog } from './published-log.js';
import { recordedEvent, type EventRow } from './recorded-event.js';
import type { Statements } from './statements.js';

const STREAM_PAGE = 1_000;
const LARGEST_STREAM_PAGE = 5_000;

/** The event store in Postgres. Appends without a transaction go through the coalescing appender. */
export class PostgresEventStore implements EventStore<Tx> {
  readonly #published: PublishedLog;

  /** @param reading for short statements; @param scanning for reading the log, which may take long. */
  constructor(
    readonly reading: Pool,
    readonly scanning: Pool,
    readonly statements: Statements,
    readonly appender: Appender,
  ) {
    this.#published = publishedLog(reading, scanning, statements);
  }

  async append(append: Append, { tx }: { readonly tx?: Tx } = {}): Promise<Appended> {
    const prepared = prepareAppend(append);
    return tx === undefined ? this.appender.append(prepared) : (await this.#appendInside(tx, [prepared]))[0]!;
  }

  async appendAll(appends: readonly Append[], { tx }: { readonly tx: Tx }): Promise<readonly Appended[]> {
    const streams = new Set(appends.map(({ stream }) => stream));
    if (streams.size < appends.length)
      throw new InvalidAppend('A stream is named twice in one appendAll: join its events');
    return appends.length === 0 ? [] : this.#appendInside(tx, appends.map(prepareAppend));
  }

  async readStream(
    stream: string,
    { after = 0, limit = STREAM_PAGE, tx }: StreamRange<Tx> = {},
  ): Promise<readonly Recorded[]> {
    const size = Math.min(Math.max(1, limit), LARGEST_STREAM_PAGE);
    const sql = tx ?? this.reading.sql;
    const rows = await translating(() =>
      sql.unsafe<EventRow[]>(this.statements.readStream, [stream, after, size], { prepare: true }),
    );
    return rows.map(recordedEvent);
  }

  readLog(range: LogRange): AsyncIterable<LogBatch> {
    return readLog(this.scanning, this.statements, range);
  }

  readPublished(range: PublishedRange): AsyncIterable<PublishedBatch> {
    return this.#published.readPublished(range);
  }

  end(): Promise<bigint> {
    return this.#published.end();
  }

  async drawn(): Promise<bigint> {
    const [row] = await translating(() =>
      this.reading.sql.unsafe<{ position: bigint }[]>(this.statements.drawnPosition, [], { prepare: true }),
    );
    return row!.position;
  }

  async positionAt(time: Date): Promise<bigint> {
    const end = await this.end();
    const [row] = await translating(() =>
      this.reading.sql.unsafe<{ position: bigint }[]>(this.statements.positionAt, [String(end), time.toISOString()], {
        prepare: true,
      }),
    );
    return row!.position;
  }

  idsAt(positions: readonly bigint[]): Promise<ReadonlyMap<bigint, string>> {
    return this.#published.idsAt(positions);
  }

  identity(): Promise<LogIdentity> {
    return this.#published.identity();
  }

  /** The same statement inside the caller's transaction. Best the last one before COMMIT: the fence is held until then. */
  async #appendInside(tx: Tx, appends: readonly PreparedAppend[]): Promise<readonly Appended[]> {
    const { text, parameters } = appendStatement(this.statements, appends);
    const rows = await tx.unsafe<AppendedRow[]>(text, parameters, { prepare: true }).catch((error: unknown) => {
      throw refusedInside(appends, error);
    });
    await failpoint('append.after-insert');
    const stored = decodeBatch(appends, rows);
    return Promise.all(appends.map(async (append) => stored.get(append.stream) ?? (await this.#refused(tx, append))));
  }

  async #refused(tx: Tx, append: PreparedAppend): Promise<never> {
    const { stream, expected } = append;
    const commands = handledBy(append, 0);
    const taken =
      commands.length === 0
        ? []
        : await tx.unsafe<{ id: string }[]>(this.statements.takenCommands, [encodeCommands(commands)]);
    if (taken.length > 0) throw new IdempotencyKeyTaken(taken.map(({ id }) => id));
    const [row] = await tx.unsafe<{ version: number }[]>(this.statements.versions, [[stream]], { prepare: true });
    throw new WrongExpectedVersion(stream, expected, row?.version ?? 0);
  }
}

/** The transaction is aborted: the caller must roll back. Which stream was at fault is known when there is only one. */
function refusedInside(appends: readonly PreparedAppend[], error: unknown): unknown {
  const [first] = appends;
  const names = appends.length === 1 ? first!.stream : `${first!.stream}" and ${appends.length - 1} more, "…`;
  if (isTakenKey(error))
    return new IdempotencyKeyTaken(
      appends.flatMap(({ commands }) => commands.map(({ key }) => key)),
      { cause: error },
    );
  if (isDuplicate(error)) return new WrongExpectedVersion(names, first!.expected, undefined, { cause: error });
  if (isDataError(error)) return new EventNotStorable(names, unstorable(error as Error), { cause: error as Error });
  return translated(error);
}
