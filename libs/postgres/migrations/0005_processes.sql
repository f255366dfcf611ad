-- Timers of process managers: messages to be appended later. Taken out in the transaction that appends them.
CREATE TABLE $schema.timers (
  id             uuid        PRIMARY KEY,
  due_at         timestamptz NOT NULL,
  stream         text        NOT NULL, -- of the instance that is told
  name           text        NOT NULL,
  correlation_id text        NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX timers_next ON $schema.timers (due_at, id);
CREATE INDEX timers_of_stream ON $schema.timers (md5(stream)); -- for people; a name may be longer than an index row

GRANT SELECT ON $schema.timers TO logfold_app, logfold_read;
GRANT INSERT, DELETE, UPDATE (id) ON $schema.timers TO logfold_app; -- UPDATE: to lock rows

-- The first events of instances, for people who list them: every stream of a process manager begins with such a one.
CREATE INDEX process_starts ON $schema.events (position) WHERE type = 'logfold.EventReceived' AND version = 1;
