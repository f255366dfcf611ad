-- Topics: what the relay and the readers of other services' topics keep. Filled in as 0001; the fence's tag is in log.

-- The only lock on a table in use. It waits behind the transaction of each batch that is being handled, as long as one may take.
SET LOCAL lock_timeout = '20s';
ALTER TABLE $schema.checkpoints
  ADD COLUMN hint     text, -- where the source goes on, in its own terms
  ADD COLUMN event_id uuid, -- the last event that was handled
  ADD COLUMN log_id   uuid; -- the log that the position counts in
SET LOCAL lock_timeout = '5s';

-- What events go to, for whoever reads the log without the service's code.
CREATE TABLE $schema.topics (
  name       text PRIMARY KEY,
  partitions int  NOT NULL CHECK (partitions > 0)
);

-- One row: a lower bound of what was sent. The truth is in the topics.
CREATE TABLE $schema.relay (
  one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
  position   bigint      NOT NULL DEFAULT 0,
  tails      jsonb       NOT NULL DEFAULT '{}', -- by topic/partition, as text
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
INSERT INTO $schema.relay DEFAULT VALUES;

-- Events that could not be handled, and those of the same key that wait behind them (without an error).
CREATE TABLE $schema.parked (
  subscription   text        NOT NULL,
  source         text        NOT NULL,
  partition      int         NOT NULL,
  key            text        NOT NULL,
  position       bigint      NOT NULL,
  stream         text        NOT NULL,
  version        int         NOT NULL,
  id             uuid        NOT NULL,
  type           text        NOT NULL,
  schema_version smallint    NOT NULL,
  data           jsonb       NOT NULL,
  metadata       jsonb       NOT NULL,
  recorded_at    timestamptz NOT NULL,
  error          text,
  parked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (subscription, source, position, partition)
);
CREATE INDEX parked_in_order ON $schema.parked (subscription, source, md5(key), position); -- a key may be longer than an index row

-- What people asked of parked keys: kept for good.
CREATE TABLE $schema.parked_requests (
  id           uuid        PRIMARY KEY,
  subscription text        NOT NULL,
  source       text        NOT NULL,
  key          text        NOT NULL,
  action       text        NOT NULL CHECK (action IN ('redrive', 'skip')),
  who          text        NOT NULL,
  why          text        NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  handled_at   timestamptz,
  outcome      text
);
CREATE INDEX parked_requests_open ON $schema.parked_requests (subscription, source, requested_at) WHERE handled_at IS NULL;
CREATE INDEX parked_requests_newest ON $schema.parked_requests (requested_at);

-- Events that belong to topics, in order, until they are `bytes` of data together (the last one may pass that): a batch is
-- bounded by rows and by bytes, and the server writes no event as text that does not fit any more. `total`: bytes so far.
CREATE FUNCTION $schema.published(after bigint, up_to bigint, most int, bytes bigint, wanted text)
RETURNS TABLE (
  "position" bigint, stream text, version int, id uuid, type text, schema_version smallint, topic text, key text,
  data_json text, metadata jsonb, recorded_at timestamptz, total bigint
) LANGUAGE plpgsql STABLE ROWS 1000 AS $$
#variable_conflict use_column
BEGIN
  total := 0;
  FOR "position", stream, version, id, type, schema_version, topic, key, data_json, metadata, recorded_at IN
    SELECT e.position, e.stream, e.version, e.id, e.type, e.schema_version, e.topic, coalesce(e.key, e.stream), e.data::text, e.metadata, e.recorded_at
      FROM $schema.events e
     WHERE e.position > after AND e.position <= up_to AND e.topic IS NOT NULL AND (wanted IS NULL OR e.topic = wanted)
     ORDER BY e.position LIMIT most
  LOOP
    total := total + octet_length(data_json);
    RETURN NEXT;
    EXIT WHEN total >= bytes;
  END LOOP;
END $$;

GRANT SELECT ON ALL TABLES IN SCHEMA $schema TO logfold_app, logfold_read;
GRANT INSERT ON $schema.topics TO logfold_app;
GRANT UPDATE ON $schema.relay TO logfold_app;
GRANT INSERT, UPDATE, DELETE ON $schema.parked TO logfold_app;
GRANT INSERT (id, subscription, source, key, action, who, why), UPDATE (handled_at, outcome) ON $schema.parked_requests TO logfold_app;
