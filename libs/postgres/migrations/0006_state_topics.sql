-- State topics: rows of read models that are published, and how far the rows of others were handled. Filled in as 0001.

ALTER TABLE $schema.topics ADD COLUMN compacted boolean NOT NULL DEFAULT false;
ALTER TABLE $schema.read_models ADD COLUMN state text; -- the state topic that its rows are published to

-- Keys of rows that a switch of a rebuild has changed, written with it: published soon after, each as its row is then.
CREATE TABLE $schema.state_noted (
  id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text   NOT NULL,
  key  jsonb  NOT NULL
);
CREATE INDEX state_noted_in_order ON $schema.state_noted (name, id);

-- The position of the last row of each key that was handled, deleted ones included.
CREATE TABLE $schema.state_keys (
  subscription text   NOT NULL,
  topic        text   NOT NULL,
  key          uuid   NOT NULL, -- half of the key's SHA-256: it may be longer than an index row
  position     bigint NOT NULL,
  PRIMARY KEY (subscription, topic, key)
) WITH (fillfactor = 80);

GRANT SELECT ON $schema.state_noted, $schema.state_keys TO logfold_app, logfold_read;
GRANT DELETE ON $schema.state_noted TO logfold_app;
GRANT INSERT, UPDATE ON $schema.state_keys TO logfold_app;
