-- Rebuilds of read models: a new table is made beside the one that queries read, compared, and switched on. Filled in as 0001.

ALTER TABLE $schema.read_models
  ADD COLUMN fed     text[]  NOT NULL DEFAULT '{live}' CHECK (fed <@ '{live,new,old}'), -- the tables that move with the checkpoint
  ADD COLUMN current boolean NOT NULL DEFAULT false,                                    -- what the view of its name shows
  ADD COLUMN parts   text[]  NOT NULL DEFAULT '{""}';                                   -- the names of its tables; '' for the only one
UPDATE $schema.read_models m SET current = true
 WHERE NOT EXISTS (SELECT FROM $schema.read_models o WHERE o.name = m.name AND (o.created_at, o.version) < (m.created_at, m.version));

-- Wishes for rebuilds and what became of them: kept for good.
CREATE TABLE $schema.rebuilds (
  id                   uuid        PRIMARY KEY,
  name                 text        NOT NULL,
  version              int         NOT NULL,
  state                text        NOT NULL DEFAULT 'requested' CHECK (state IN
    ('requested', 'building', 'attached', 'verified', 'refused', 'switched', 'rolled-back', 'done', 'dropped', 'failed')),
  epoch                int         NOT NULL DEFAULT 0, -- rises with every process that takes it on
  asked                text        CHECK (asked IN ('verify', 'switch', 'rollback', 'drop')),
  compare_all          boolean     NOT NULL,
  switch_when_verified boolean     NOT NULL,
  accept_differences   boolean     NOT NULL,
  who                  text        NOT NULL,
  why                  text        NOT NULL,
  progress             jsonb,
  report               jsonb,
  error                text,
  requested_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX rebuilds_open ON $schema.rebuilds (name, version) WHERE state NOT IN ('done', 'dropped', 'failed');
CREATE INDEX rebuilds_newest ON $schema.rebuilds (requested_at);

GRANT SELECT ON $schema.rebuilds TO logfold_app, logfold_read;
GRANT INSERT, UPDATE ON $schema.rebuilds TO logfold_app;
GRANT UPDATE (fed) ON $schema.read_models TO logfold_app;
