-- The log of one service. "$schema" and "$tag" are filled in by the migration runner; it runs each file once.

CREATE SEQUENCE $schema.position AS bigint INCREMENT 1 CACHE 1 NO CYCLE;

-- One row: whose log this is. fence_tag tells its advisory locks from those of other logs in this database.
CREATE TABLE $schema.log (
  one       boolean  PRIMARY KEY DEFAULT true CHECK (one),
  id        uuid     NOT NULL DEFAULT gen_random_uuid(),
  name      text     NOT NULL,
  epoch     int      NOT NULL DEFAULT 1,
  fence_tag smallint NOT NULL CHECK (fence_tag > 0)
);
INSERT INTO $schema.log (name, fence_tag) VALUES ('$service', $tag);

CREATE TABLE $schema.events (
  position       bigint      PRIMARY KEY DEFAULT nextval('$schema.position'),
  stream         text        NOT NULL CHECK (length(stream) BETWEEN 3 AND 250),
  version        int         NOT NULL CHECK (version > 0),
  id             uuid        NOT NULL,
  type           text        NOT NULL,
  schema_version smallint    NOT NULL DEFAULT 1,
  topic          text,
  key            text,
  data           jsonb       NOT NULL,
  metadata       jsonb       NOT NULL,
  recorded_at    timestamptz NOT NULL DEFAULT statement_timestamp(),
  UNIQUE (stream, version)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
ALTER SEQUENCE $schema.position OWNED BY $schema.events.position;

-- The fence: before a statement draws its positions it takes a shared lock whose key is the last position drawn so far,
-- and holds it until after its commit is visible. So every position above the smallest such key may still be coming,
-- and none at or below it is. A trigger does it, so no writer can forget.
CREATE FUNCTION $schema.fence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(($tag::bigint << 48) | (SELECT last_value - (NOT is_called)::int FROM $schema.position));
  RETURN NULL;
END $$;
CREATE TRIGGER fence BEFORE INSERT ON $schema.events FOR EACH STATEMENT EXECUTE FUNCTION $schema.fence();

CREATE FUNCTION $schema.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are immutable: append a correcting event instead of %', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON $schema.events
  FOR EACH STATEMENT EXECUTE FUNCTION $schema.refuse_change();

-- How far it is safe to read. The order matters: first the last position drawn, then the locks, then (in a statement of
-- the caller's own, with a later snapshot) the events. Hence VOLATILE, READ COMMITTED, and not on a standby.
CREATE FUNCTION $schema.safe_position() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  drawn  bigint;
  lowest bigint;
BEGIN
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'a standby cannot tell how far the log is safe to read' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the log is read in READ COMMITTED, not in %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  SELECT last_value - (NOT is_called)::int INTO drawn FROM $schema.position;
  SELECT min(((classid::bigint & 65535) << 32) | objid::bigint) INTO lowest FROM pg_locks
   WHERE locktype = 'advisory' AND objsubid = 1 AND (classid::bigint >> 16) = $tag
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
  RETURN least(drawn, coalesce(lowest, drawn));
END $$;

-- The ids of batches that expected nothing of their streams: how a batch whose commit was not heard of is found again.
CREATE TABLE $schema.appends (
  batch       uuid        PRIMARY KEY,
  recorded_at timestamptz NOT NULL DEFAULT statement_timestamp()
);

CREATE TABLE $schema.checkpoints (
  subscription text        NOT NULL,
  source       text        NOT NULL,
  partition    int         NOT NULL,
  position     bigint      NOT NULL DEFAULT 0,
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (subscription, source, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE TABLE $schema.leases (
  name       text        PRIMARY KEY,
  owner      text        NOT NULL,
  epoch      int         NOT NULL DEFAULT 1,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE TABLE $schema.read_models (
  name            text        NOT NULL,
  version         int         NOT NULL,
  definition_hash text        NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (name, version)
);

-- The application appends and reads; nothing may change or remove an event, or choose its position.
GRANT USAGE ON SCHEMA $schema TO logfold_app, logfold_read;
GRANT SELECT ON ALL TABLES IN SCHEMA $schema TO logfold_app, logfold_read;
GRANT USAGE, SELECT ON SEQUENCE $schema.position TO logfold_app;
GRANT SELECT ON SEQUENCE $schema.position TO logfold_read;
GRANT INSERT (stream, version, id, type, schema_version, topic, key, data, metadata) ON $schema.events TO logfold_app;
GRANT INSERT, DELETE ON $schema.appends TO logfold_app;
GRANT INSERT, UPDATE ON $schema.checkpoints TO logfold_app;
GRANT INSERT, UPDATE ON $schema.leases TO logfold_app;
