import type { Checkpoint, CheckpointKey, Checkpoints, Move } from '@logfold/core';
import type { Pool, Tx } from './connection.js';
import { translating } from './errors.js';

/** Checkpoints as rows; `move` is one UPDATE that names the positions it comes from. */
export class PostgresCheckpoints implements Checkpoints<Tx> {
  readonly #statements: ReturnType<typeof statementsFor>;

  constructor(
    readonly pool: Pool,
    schema: string,
  ) {
    this.#statements = statementsFor(schema);
  }

  async load(
    { subscription, source }: CheckpointKey,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, Checkpoint>> {
    const rows = await translating(() =>
      this.pool.sql.unsafe<CheckpointRow[]>(this.#statements.load, [subscription, source, [...partitions]], {
        prepare: true,
      }),
    );
    return new Map(rows.map((row) => [row.partition, checkpointOf(row)]));
  }

  async begin({ subscription, source }: CheckpointKey, checkpoints: ReadonlyMap<number, Checkpoint>): Promise<void> {
    if (checkpoints.size === 0) return;
    const rows = [...checkpoints].map(([partition, checkpoint]) => ({ partition, ...encoded(checkpoint) }));
    await translating(() => this.pool.sql.unsafe(this.#statements.begin, [subscription, source, JSON.stringify(rows)]));
  }

  async move(tx: Tx, { subscription, source }: CheckpointKey, moves: readonly Move[]): Promise<boolean> {
    if (moves.length === 0) return true;
    const rows = moves.map(({ partition, from, to }) => ({ partition, was: String(from), ...encoded(to) }));
    const moved = await translating(() =>
      tx.unsafe(this.#statements.move, [subscription, source, JSON.stringify(rows)], { prepare: true }),
    );
    return moved.count === moves.length;
  }

  async list(): Promise<readonly (CheckpointKey & Checkpoint & { readonly partition: number })[]> {
    const rows = await translating(() =>
      this.pool.sql.unsafe<(CheckpointRow & CheckpointKey)[]>(this.#statements.list),
    );
    return rows.map((row) => ({
      subscription: row.subscription,
      source: row.source,
      partition: row.partition,
      ...checkpointOf(row),
    }));
  }
}

interface CheckpointRow {
  readonly partition: number;
  readonly position: bigint;
  readonly hint: string | null;
  readonly event_id: string | null;
  readonly log_id: string | null;
}

function checkpointOf({ position, hint, event_id, log_id }: CheckpointRow): Checkpoint {
  return {
    position,
    ...(hint === null ? {} : { hint }),
    ...(event_id === null ? {} : { eventId: event_id }),
    ...(log_id === null ? {} : { logId: log_id }),
  };
}

/** A checkpoint for `jsonb_to_recordset`: what is absent becomes NULL. */
function encoded({ position, hint, eventId, logId }: Checkpoint) {
  return { position: String(position), hint, event_id: eventId, log_id: logId };
}

function statementsFor(schema: string) {
  const columns = 'partition int, position bigint, hint text, event_id uuid, log_id uuid';
  return {
    /** $1: subscription, $2: source, $3: partitions. */
    load: `
SELECT partition, position, hint, event_id, log_id FROM ${schema}.checkpoints
 WHERE subscription = $1 AND source = $2 AND partition = ANY($3::int[])`,
    /** $3: checkpoints as JSON. Looks first: to be refused by the key would mean to wait for whoever moves that row now. */
    begin: `
INSERT INTO ${schema}.checkpoints (subscription, source, partition, position, hint, event_id, log_id)
SELECT $1, $2, given.partition, given.position, given.hint, given.event_id, given.log_id
  FROM jsonb_to_recordset($3::text::jsonb) AS given(${columns})
 WHERE NOT EXISTS (SELECT FROM ${schema}.checkpoints c
                    WHERE c.subscription = $1 AND c.source = $2 AND c.partition = given.partition)
 ORDER BY given.partition
    ON CONFLICT DO NOTHING`,
    /**
     * $3: moves as JSON. Locks the rows in the order of partitions, so that two that move several do not deadlock. A row
     * that somebody moved meanwhile is looked at again, as it is now, by the UPDATE: its position differs, it is left.
     */
    move: `
WITH moves AS MATERIALIZED (SELECT * FROM jsonb_to_recordset($3::text::jsonb) AS move(was bigint, ${columns})),
locked AS MATERIALIZED (
  SELECT partition FROM ${schema}.checkpoints
   WHERE subscription = $1 AND source = $2 AND partition IN (SELECT partition FROM moves)
   ORDER BY partition FOR NO KEY UPDATE)
UPDATE ${schema}.checkpoints c
   SET position = moves.position, hint = coalesce(moves.hint, c.hint), event_id = moves.event_id,
       log_id = coalesce(moves.log_id, c.log_id), updated_at = clock_timestamp()
  FROM moves JOIN locked USING (partition)
 WHERE c.subscription = $1 AND c.source = $2 AND c.partition = moves.partition AND c.position = moves.was`,
    list: `
SELECT subscription, source, partition, position, hint, event_id, log_id FROM ${schema}.checkpoints ORDER BY 1, 2, 3`,
  };
}
