-- What commands leave besides their events: their keys, snapshots of long streams, and the event types that were declared.

-- Commands that were handled under an idempotency key, with what answers them again: the events are those of the stream
-- up to `version`. Versions, not positions: a fork of the log moves those.
CREATE TABLE $schema.commands (
  id           text        PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
  payload_hash text        NOT NULL,
  stream       text        NOT NULL,
  version      int         NOT NULL CHECK (version >= 0),
  events       int         NOT NULL CHECK (events BETWEEN 0 AND version),
  rejection    text, -- JSON as it was written: jsonb refuses some strings
  kept         boolean     NOT NULL DEFAULT false, -- forgotten by whoever sent it, not by age
  recorded_at  timestamptz NOT NULL DEFAULT statement_timestamp()
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX commands_by_age ON $schema.commands (recorded_at) WHERE NOT kept;

-- States that spare folding a long stream from its first event. Never needed: each may be deleted at any time.
CREATE TABLE $schema.snapshots (
  stream   text        NOT NULL,
  fold     text        NOT NULL,
  hash     text        NOT NULL, -- of the fold's code: a state of another code is not used
  version  int         NOT NULL CHECK (version > 0),
  event_id uuid        NOT NULL, -- of the event at that version: a state of another history is not used
  state    jsonb       NOT NULL,
  saved_at timestamptz NOT NULL DEFAULT statement_timestamp(),
  PRIMARY KEY (stream, fold)
);

-- Every event type and schema version that code which may append has declared, in the order in which they came.
CREATE TABLE $schema.event_types (
  type           text        NOT NULL,
  schema_version smallint    NOT NULL,
  number         int         NOT NULL GENERATED ALWAYS AS IDENTITY,
  first_seen     timestamptz NOT NULL DEFAULT statement_timestamp(),
  PRIMARY KEY (type, schema_version)
);
INSERT INTO $schema.event_types (type, schema_version)
  SELECT type, schema_version FROM $schema.events GROUP BY type, schema_version ORDER BY min(position);

GRANT SELECT ON $schema.commands, $schema.snapshots, $schema.event_types TO logfold_app, logfold_read;
GRANT INSERT (id, payload_hash, stream, version, events, rejection, kept), DELETE ON $schema.commands TO logfold_app;
GRANT INSERT, UPDATE, DELETE ON $schema.snapshots TO logfold_app;
GRANT INSERT (type, schema_version) ON $schema.event_types TO logfold_app;
