import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { DatabaseUnsuitable } from '@logfold/core';
import type { Tx } from './connection.js';
import { APP_ROLE, ensureRoles, OWNER_ROLE, READ_ROLE } from './roles.js';
import type { PostgresTransactions } from './transactions.js';

const folder = new URL('../migrations/', import.meta.url);

/** One lock for all migrations in a database: also the tags of the fences are given out under it. */
const MIGRATION_LOCK = 0x6c6f67666f6c64; // "logfold"

/**
 * Brings a schema to the newest version, all or nothing; does nothing where it is there already. Any number of
 * processes may call it at once. A migration that was changed after it ran is an error, not run again.
 * @throws DatabaseUnsuitable when the schema is another service's, newer than this code, or holds something else.
 */
export async function migrate(sql: Tx, owner: PostgresTransactions, schema: string, service: string): Promise<void> {
  const migrations = await readMigrations();
  if (await upToDate(sql, schema, migrations)) return checkService(sql, schema, service);
  await ensureRoles(sql);
  await owner.run(async (tx) => {
    await tx`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`;
    await prepareSchema(tx, schema);
    const applied = await appliedMigrations(tx, schema);
    for (const migration of migrations) {
      const before = applied.get(migration.number);
      if (before === undefined) await apply(tx, schema, service, migration);
      else if (before !== migration.checksum)
        throw new DatabaseUnsuitable(
          `Migration ${migration.name} of schema "${schema}" was changed after it ran: restore the file, add a new one`,
        );
    }
    const newest = Math.max(...applied.keys(), 0);
    const known = migrations.at(-1)!.number;
    if (newest > known)
      throw new DatabaseUnsuitable(
        `Schema "${schema}" is at migration ${newest}, this code knows ${known}: deploy the newer code`,
      );
  });
  await checkService(sql, schema, service);
}

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(new URL(name, folder), 'utf8');
      return {
        number: Number(name.slice(0, 4)),
        name,
        text,
        checksum: createHash('sha256').update(text).digest('hex'),
      };
    }),
  );
}

/** The common case, asked without a lock: every migration is there as it was written. */
async function upToDate(sql: Tx, schema: string, migrations: readonly Migration[]): Promise<boolean> {
  const [row] = await sql`SELECT to_regclass(${`${schema}.migrations`}) IS NOT NULL AS there`;
  if (!row!.there) return false;
  const applied = await appliedMigrations(sql, schema);
  return (
    applied.size === migrations.length && migrations.every(({ number, checksum }) => applied.get(number) === checksum)
  );
}

async function appliedMigrations(sql: Tx, schema: string): Promise<Map<number, string>> {
  const rows = await sql.unsafe<{ number: number; checksum: string }[]>(
    `SELECT number, checksum FROM ${schema}.migrations`,
  );
  return new Map(rows.map(({ number, checksum }) => [number, checksum]));
}

async function prepareSchema(tx: Tx, schema: string): Promise<void> {
  const [there] = await tx`SELECT 1 FROM pg_namespace WHERE nspname = ${schema}`;
  if (!there) await tx.unsafe(`CREATE SCHEMA ${schema} AUTHORIZATION ${OWNER_ROLE}`);
  await tx.unsafe(`SET LOCAL ROLE ${OWNER_ROLE}`);
  await tx.unsafe(
    `CREATE TABLE IF NOT EXISTS ${schema}.migrations
       (number int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
  );
  await tx.unsafe(`GRANT USAGE ON SCHEMA ${schema} TO ${APP_ROLE}, ${READ_ROLE}`);
}

async function apply(
  tx: Tx,
  schema: string,
  service: string,
  { number, name, text, checksum }: Migration,
): Promise<void> {
  const tag = number === 1 ? await freeTag(tx) : 0;
  const written = text.replaceAll('$schema', schema).replaceAll('$service', service).replaceAll('$tag', String(tag));
  await tx.unsafe(written);
  await tx.unsafe(`INSERT INTO ${schema}.migrations (number, name, checksum) VALUES ($1, $2, $3)`, [
    number,
    name,
    checksum,
  ]);
}

/** The smallest tag that no log of this database has. Safe under the migration lock. */
async function freeTag(tx: Tx): Promise<number> {
  const taken = new Set((await logsOf(tx)).map(({ tag }) => tag));
  let tag = 1;
  while (taken.has(tag)) tag++;
  return tag;
}

/** The logs of this database and the tags of their fences. */
export async function logsOf(sql: Tx): Promise<readonly { readonly schema: string; readonly tag: number }[]> {
  const tables = await sql<{ schema: string }[]>`
    SELECT n.nspname AS schema FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = 'log' AND c.relkind = 'r' AND a.attname = 'fence_tag' ORDER BY 1`;
  const logs = [];
  for (const { schema } of tables) {
    const [row] = await sql.unsafe<{ tag: number }[]>(
      `SELECT fence_tag AS tag FROM "${schema.replaceAll('"', '""')}".log`,
    );
    if (row) logs.push({ schema, tag: row.tag });
  }
  return logs;
}

async function checkService(sql: Tx, schema: string, service: string): Promise<void> {
  const [log] = await sql.unsafe<{ name: string }[]>(`SELECT name FROM ${schema}.log`);
  if (log?.name !== service)
    throw new DatabaseUnsuitable(
      `Schema "${schema}" holds the log of service "${log?.name}", not of "${service}": give each service a schema of its own`,
    );
}
