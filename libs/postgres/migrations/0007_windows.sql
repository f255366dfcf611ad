-- Derived streams: how far each has come in the time of its events, and its windows that have not closed.
CREATE TABLE $schema.watermarks (
  stream text   PRIMARY KEY,
  ms     bigint, -- since 1970: the latest time seen
  late   bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE $schema.windows (
  stream   text   NOT NULL,
  key      text   COLLATE "C" NOT NULL,
  start_ms bigint NOT NULL,
  end_ms   bigint NOT NULL,
  state    json   NOT NULL,
  PRIMARY KEY (stream, start_ms, key)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX windows_ending ON $schema.windows (stream, end_ms, key);

GRANT SELECT ON $schema.watermarks, $schema.windows TO logfold_app, logfold_read;
GRANT INSERT, UPDATE ON $schema.watermarks TO logfold_app;
GRANT INSERT, UPDATE, DELETE ON $schema.windows TO logfold_app;
