import { EVENT_COLUMNS } from './recorded-event.js';

/** The statements of parked events, with the schema written in. Parameters begin with $1: subscription, $2: source. */
export function parkedStatements(schema: string) {
  const event = 'position, stream, version, id, type, schema_version, data, metadata, recorded_at';
  const given = `jsonb_to_recordset($3::text::jsonb) AS given(partition int, key text, position bigint, stream text, version int,
       id uuid, type text, schema_version smallint, data jsonb, metadata jsonb, recorded_at timestamptz, error text)`;
  const insert = `
INSERT INTO ${schema}.parked (subscription, source, partition, key, ${event}, error)
SELECT $1, $2, given.partition, given.key, given.position, given.stream, given.version, given.id, given.type,
       given.schema_version, coalesce(given.data, 'null'), given.metadata, given.recorded_at, given.error
  FROM ${given}`;
  const ofKey = (key: string): string =>
    `subscription = $1 AND source = $2 AND md5(key) = md5(${key}) AND key = ${key}`;
  const request = 'id, action, key, who, why';
  return {
    /** $3: partitions. */
    keys: `SELECT DISTINCT key FROM ${schema}.parked WHERE subscription = $1 AND source = $2 AND partition = ANY($3::int[])`,
    /** $3: an event as JSON, in an array. One that is parked already gets the newer error. */
    park: `${insert} ON CONFLICT (subscription, source, position, partition) DO UPDATE SET error = excluded.error`,
    /** $3: events as JSON. Inserts none when the key of one is not parked. */
    parkBehind: `${insert}
 WHERE NOT EXISTS (SELECT FROM ${given.replace('given(', 'each(')}
                    WHERE NOT EXISTS (SELECT FROM ${schema}.parked WHERE ${ofKey('each.key')}))`,
    /** $3: key. */
    first: `
SELECT partition, key, error, ${EVENT_COLUMNS} FROM ${schema}.parked WHERE ${ofKey('$3')} ORDER BY position LIMIT 1`,
    /** $3: key. */
    show: `
SELECT partition, key, error, ${EVENT_COLUMNS} FROM ${schema}.parked WHERE ${ofKey('$3')} ORDER BY position LIMIT 100`,
    /** $3: key. Answers one row: are there more? */
    takeFirst: `
WITH firsts AS MATERIALIZED (
  SELECT position, partition FROM ${schema}.parked WHERE ${ofKey('$3')} ORDER BY position LIMIT 2),
taken AS (
  DELETE FROM ${schema}.parked p USING (SELECT * FROM firsts ORDER BY position LIMIT 1) AS one
   WHERE p.subscription = $1 AND p.source = $2 AND p.position = one.position AND p.partition = one.partition)
SELECT count(*) > 1 AS more FROM firsts`,
    requests: `
SELECT ${request} FROM ${schema}.parked_requests
 WHERE subscription = $1 AND source = $2 AND handled_at IS NULL ORDER BY requested_at, id LIMIT 100`,
    /** $1: request, $2: outcome. */
    handled: `
UPDATE ${schema}.parked_requests SET handled_at = clock_timestamp(), outcome = $2 WHERE id = $1::uuid AND handled_at IS NULL`,
    /** $1: id, then subscription, source, key, action, who, why. */
    request: `
INSERT INTO ${schema}.parked_requests (id, subscription, source, key, action, who, why)
VALUES ($1::uuid, $2, $3, $4, $5, $6, $7)`,
    /** Of each key the first event, which is the one that could not be handled. $1: subscriptions, $2: key, null for all. */
    list: `
SELECT * FROM (
  SELECT DISTINCT ON (subscription, source, md5(key), key)
         subscription, source, partition, key, position, type, coalesce(error, '${NOT_TRIED}') AS error, parked_at AS since,
         (count(*) OVER (PARTITION BY subscription, source, md5(key), key))::int AS events
    FROM ${schema}.parked
   WHERE ($1::text[] IS NULL OR subscription = ANY($1)) AND ($2::text IS NULL OR (md5(key) = md5($2) AND key = $2))
   ORDER BY subscription, source, md5(key), key, position) AS heads
 ORDER BY since, subscription, source, key LIMIT 1000`,
    history: `
SELECT subscription, source, ${request}, requested_at AS "requestedAt", handled_at AS "handledAt", outcome
  FROM ${schema}.parked_requests ORDER BY requested_at DESC, id DESC LIMIT 1000`,
  };
}

/** The error of a first event that never failed: the one before it was taken out. */
const NOT_TRIED = 'not tried since the event before it was taken out';
