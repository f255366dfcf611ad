import { DatabaseUnsuitable } from '@logfold/core';
import type { Tx } from './connection.js';
import { logsOf } from './migrations.js';

const OLDEST_VERSION = 140_000;

/** Checks the server, before anything is migrated. @throws DatabaseUnsuitable naming the setting and the remedy. */
export async function checkServer(sql: Tx): Promise<void> {
  const [server] = await sql`
    SELECT current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS standby,
           current_setting('default_transaction_isolation') AS isolation, current_setting('synchronous_commit') AS sync,
           pg_encoding_to_char(encoding) AS encoding
      FROM pg_database WHERE datname = current_database()`;
  const { version, standby, isolation, sync, encoding } = server!;
  if (version < OLDEST_VERSION)
    refuse(`Postgres ${Math.floor(version / 10_000)} is too old`, 'use version 14 or later');
  if (standby)
    refuse('The database URL leads to a standby', 'use the address of the primary: a log is written and read there');
  if (isolation !== 'read committed')
    refuse(
      `default_transaction_isolation is "${isolation}"`,
      `the log is read in "read committed": ALTER ROLE … SET default_transaction_isolation = 'read committed'`,
    );
  if (sync === 'off')
    refuse(
      'synchronous_commit is off, so an acknowledged event could be lost',
      `ALTER ROLE … SET synchronous_commit = 'on'`,
    );
  if (encoding !== 'UTF8') refuse(`The database's encoding is ${encoding}`, 'create it with ENCODING UTF8');
}

/** Checks the log's own parts: what the proof of the fence rests on. */
export async function checkLog(sql: Tx, schema: string): Promise<void> {
  const [sequence] = await sql`
    SELECT increment_by = 1 AND cache_size = 1 AND NOT cycle AS fit FROM pg_sequences
     WHERE schemaname = ${schema} AND sequencename = 'position'`;
  if (!sequence?.fit)
    refuse(`Sequence ${schema}.position was altered`, `ALTER SEQUENCE ${schema}.position INCREMENT 1 CACHE 1 NO CYCLE`);
  const [triggers] = await sql`
    SELECT count(*)::int AS enabled FROM pg_trigger
     WHERE tgrelid = ${`${schema}.events`}::regclass AND tgname IN ('fence', 'immutable') AND tgenabled IN ('O', 'A')`;
  if (triggers!.enabled !== 2)
    refuse(`A trigger of ${schema}.events is missing or disabled`, `ALTER TABLE ${schema}.events ENABLE TRIGGER USER`);
  const logs = await logsOf(sql);
  const own = logs.find((log) => log.schema === schema);
  const twin = logs.find((log) => log.schema !== schema && log.tag === own?.tag);
  if (twin)
    refuse(
      `Schemas "${schema}" and "${twin.schema}" share the fence tag ${twin.tag}, as after a restore under another name`,
      'keep each log in a database of its own',
    );
}

function refuse(what: string, remedy: string): never {
  throw new DatabaseUnsuitable(`${what}: ${remedy}`);
}
