import { EVENT_COLUMNS, PUBLISHED_COLUMNS } from './recorded-event.js';

/**
 * The statements of the event store, with the schema written in. The schema is an identifier that was checked against
 * an allow-list; everything else is a parameter.
 */
export interface Statements {
  /** $1: the appends as JSON text, see `encodeBatch`. Answers a row per event stored: stream, version, position, recorded_at. */
  readonly append: string;
  /** The same, and $2: the batch's id goes into `appends` in the same statement. */
  readonly appendMarked: string;
  /**
   * As `append`, and $2: the appends' commands as JSON text, see `encodeCommands`. They go into `commands` in the same
   * statement, made from the rows that it stored: an append that is refused takes no key. An append with a command that
   * is there already, or is settled, is refused.
   */
  readonly appendCommands: string;
  /** The same, and $3: the batch's id. */
  readonly appendCommandsMarked: string;
  /** $1: a batch's id. Fails with 23505 when that batch was committed; otherwise it never can be. */
  readonly claimBatch: string;
  /** $1: streams. Their versions; streams without events are absent. */
  readonly versions: string;
  /** $1: stream, $2: first id, $3: number of events. The stored events of an append, if it was stored. */
  readonly stored: string;
  /** $1: keys. The commands that were handled under them. */
  readonly handledCommands: string;
  /** $1: commands as JSON text, see `encodeCommands`. The ids of those that are there, or are settled. */
  readonly takenCommands: string;
  /** The same. Writes those that are neither, and answers their ids. */
  readonly recordCommands: string;
  /** $1: milliseconds, $2: limit. Forgets commands that are older. */
  readonly forgetOldCommands: string;
  /** $1: subscription, $2: source, $3: partition, $4: position. A row when commands are settled up to there. */
  readonly settledUpTo: string;
  /** Waits until every write of commands that began has ended, and lets none begin before the transaction's end. */
  readonly holdCommands: string;
  /** As `settledUpTo`. Settles commands up to there. */
  readonly settle: string;
  /** The same, and $5: limit. */
  readonly forgetSettledCommands: string;
  /** $1: stream, $2: after version, $3: limit. */
  readonly readStream: string;
  readonly safePosition: string;
  readonly drawnPosition: string;
  /** $1: up to position, $2: a time. The last event recorded by then, by bisection. */
  readonly positionAt: string;
  /** $1: after position, $2: up to position, $3: limit. */
  readonly readLog: string;
  /** The same, and $4: types. */
  readonly readLogOfTypes: string;
  /** $1: after position, $2: up to position, $3: limit, $4: bytes, $5: topic or NULL for all. */
  readonly readPublished: string;
  /** $1: positions. */
  readonly idsAt: string;
  readonly identity: string;
  /** Forgets batches that no late request can belong to any more. */
  readonly forgetBatches: string;
}

/** Writes the statements for a schema. */
export function statementsFor(schema: string): Statements {
  // Rows get their positions in the order in which they are given, as long as nothing is joined with them: a hash join brings
  // them in any order, and then a stream's events stand in the log in another order than their versions.
  const insert = (unless = ''): string => `
INSERT INTO ${schema}.events (stream, version, id, type, schema_version, topic, key, data, metadata)
SELECT given.s, given.actual + given.v, given.i, given.t, given.n, given.o, given.k, coalesce(given.d, 'null'), given.m
  FROM (SELECT event.*, coalesce((SELECT e.version FROM ${schema}.events e WHERE e.stream = event.s ORDER BY e.version DESC LIMIT 1), 0) AS actual
          FROM jsonb_to_recordset($1::text::jsonb)
               AS event(s text, x int, v int, i uuid, t text, n smallint, o text, k text, d jsonb, m jsonb)
        OFFSET 0) AS given -- OFFSET 0: the version is looked up once per event
 WHERE (given.x IS NULL OR given.x = given.actual OR (given.x = ${EXISTS} AND given.actual > 0))${unless}
RETURNING stream, version, position, recorded_at`;
  const marked = (parameter: string): string =>
    `marked AS (INSERT INTO ${schema}.appends (batch) VALUES (${parameter}::uuid))`;
  const command =
    'id, payload_hash, stream, version, events, rejection, kept, subscription, source, partition, position';
  const given = (parameter: string): string =>
    `jsonb_to_recordset(${parameter}::text::jsonb) AS asked(s text, c text, h text, v int, e int, r text, a text, b text, p int, q bigint)`;
  const settled = `SELECT FROM ${schema}.settled
                WHERE subscription = asked.a AND source = asked.b AND partition = asked.p AND position >= asked.q`;
  const place = 'subscription = $1 AND source = $2 AND partition = $3::int';
  const appendCommands = (mark = ''): string => `
WITH ${mark}asked AS MATERIALIZED (
  SELECT * FROM ${given('$2')}
), known AS MATERIALIZED (
  SELECT asked.s FROM asked JOIN ${schema}.commands c ON c.id = asked.c
  UNION ALL SELECT asked.s FROM asked WHERE asked.q IS NOT NULL AND EXISTS (${settled})
), stored AS (${insert(' AND given.s <> ALL (ARRAY(SELECT known.s FROM known))')}
), handled AS (
  INSERT INTO ${schema}.commands (${command})
  SELECT asked.c, asked.h, asked.s, append.before + asked.v, asked.e, asked.r, asked.q IS NOT NULL, asked.a, asked.b, asked.p, asked.q
    FROM asked JOIN (SELECT stream, min(version) - 1 AS before FROM stored GROUP BY stream) AS append ON append.stream = asked.s
   ORDER BY asked.c
)
SELECT stream, version, position, recorded_at FROM stored`;
  const readLog = (types: string): string =>
    `SELECT ${EVENT_COLUMNS} FROM ${schema}.events WHERE position > $1 AND position <= $2${types} ORDER BY position LIMIT $3`;
  return {
    append: insert(),
    appendMarked: `WITH ${marked('$2')}${insert()}`,
    appendCommands: appendCommands(),
    appendCommandsMarked: appendCommands(`${marked('$3')}, `),
    claimBatch: `INSERT INTO ${schema}.appends (batch) VALUES ($1::uuid)`,
    versions: `SELECT stream, max(version) AS version FROM ${schema}.events WHERE stream = ANY($1::text[]) GROUP BY stream`,
    stored: `
SELECT e.stream, e.version, e.position, e.recorded_at
  FROM ${schema}.events e
  JOIN (SELECT version FROM ${schema}.events WHERE stream = $1 AND id = $2::uuid ORDER BY version DESC LIMIT 1) AS first
    ON e.version >= first.version AND e.version < first.version + $3::int
 WHERE e.stream = $1 ORDER BY e.version`,
    handledCommands: `SELECT ${command} FROM ${schema}.commands WHERE id = ANY($1::text[])`,
    takenCommands: `
SELECT asked.c AS id FROM ${given('$1')}
 WHERE EXISTS (SELECT FROM ${schema}.commands WHERE id = asked.c) OR EXISTS (${settled})`,
    recordCommands: `
INSERT INTO ${schema}.commands (${command})
SELECT c, h, s, v, e, r, q IS NOT NULL, a, b, p, q FROM ${given('$1')}
 WHERE NOT EXISTS (${settled})
 ORDER BY c ON CONFLICT (id) DO NOTHING RETURNING id`,
    forgetOldCommands: `
DELETE FROM ${schema}.commands WHERE id = ANY(ARRAY(
  SELECT id FROM ${schema}.commands WHERE NOT kept AND recorded_at < statement_timestamp() - $1::bigint * interval '1 millisecond'
   ORDER BY recorded_at LIMIT $2))`,
    settledUpTo: `SELECT FROM ${schema}.settled WHERE ${place} AND position >= $4::bigint`,
    holdCommands: `LOCK TABLE ${schema}.commands IN SHARE MODE`,
    settle: `
INSERT INTO ${schema}.settled AS known (subscription, source, partition, position) VALUES ($1, $2, $3::int, $4::bigint)
    ON CONFLICT (subscription, source, partition) DO UPDATE SET position = greatest(known.position, excluded.position)`,
    forgetSettledCommands: `
DELETE FROM ${schema}.commands WHERE id = ANY(ARRAY(
  SELECT id FROM ${schema}.commands WHERE ${place} AND position <= $4::bigint ORDER BY position LIMIT $5))`,
    readStream: `SELECT ${EVENT_COLUMNS} FROM ${schema}.events WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3`,
    safePosition: `SELECT ${schema}.safe_position() AS position`,
    drawnPosition: `SELECT last_value - (NOT is_called)::int AS position FROM ${schema}.position`,
    positionAt: `
WITH RECURSIVE search(low, high) AS (
  SELECT 0::bigint, $1::bigint
  UNION ALL
  SELECT CASE WHEN early THEN middle ELSE low END, CASE WHEN early THEN high ELSE middle - 1 END
    FROM (SELECT low, high, low + (high - low + 1) / 2 AS middle FROM search WHERE low < high) AS half
   CROSS JOIN LATERAL (
     SELECT coalesce((SELECT date_trunc('milliseconds', e.recorded_at) <= $2::timestamptz FROM ${schema}.events e
                       WHERE e.position <= half.middle ORDER BY e.position DESC LIMIT 1), true) AS early) AS tried)
SELECT coalesce((SELECT e.position FROM ${schema}.events e WHERE e.position <= (SELECT low FROM search WHERE low = high)
                  ORDER BY e.position DESC LIMIT 1), 0) AS position`,
    readLog: readLog(''),
    readLogOfTypes: readLog(' AND type = ANY($4::text[])'),
    readPublished: `SELECT ${PUBLISHED_COLUMNS} FROM ${schema}.published($1, $2, $3, $4, $5)`,
    idsAt: `SELECT position, id FROM ${schema}.events WHERE position = ANY($1::bigint[])`,
    identity: `SELECT id, name, epoch FROM ${schema}.log`,
    forgetBatches: `DELETE FROM ${schema}.appends WHERE recorded_at < now() - interval '1 day'`,
  };
}

/** How "at least one event" is written where an expected version stands. */
export const EXISTS = -1;
