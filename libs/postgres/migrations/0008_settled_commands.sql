-- Commands of loops keep their keys until they are settled: what asked for one, and up to where nobody brings any again.
ALTER TABLE $schema.commands
  ADD COLUMN subscription text,
  ADD COLUMN source       text,
  ADD COLUMN partition    int,
  ADD COLUMN position     bigint,
  ADD CHECK (num_nulls(subscription, source, partition, position) IN (0, 4));
CREATE INDEX commands_by_position ON $schema.commands (subscription, source, partition, position) WHERE position IS NOT NULL;

-- Up to which position of a source the commands of a subscription are settled. Statements that write commands read it.
CREATE TABLE $schema.settled (
  subscription text   NOT NULL,
  source       text   NOT NULL,
  partition    int    NOT NULL,
  position     bigint NOT NULL,
  PRIMARY KEY (subscription, source, partition)
);

GRANT INSERT (subscription, source, partition, position) ON $schema.commands TO logfold_app;
GRANT SELECT ON $schema.settled TO logfold_app, logfold_read;
GRANT INSERT, UPDATE ON $schema.settled TO logfold_app;
