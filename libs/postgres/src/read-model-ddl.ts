import { ReadModelMismatch, tablesOf, type AnyReadModel, type ReadModelTable } from '@logfold/core';
import type { Tx } from './connection.js';
import { sqlState } from './errors.js';
import { columnsOf } from './read-model-columns.js';
import { tableName, viewName, type Versioned } from './read-model-table-name.js';
import { APP_ROLE, READ_ROLE } from './roles.js';

/** Makes the tables as the definition has them, as their owner. @throws ReadModelMismatch when Postgres refuses one, or it has no key */
export async function createTables(tx: Tx, schema: string, model: AnyReadModel, table: ReadModelTable): Promise<void> {
  for (const [part, definition] of tablesOf(model)) {
    const name = tableName(schema, model, table, part);
    await tx.unsafe(`CREATE TABLE ${name} ${definition.text}`).catch((error: Error) => {
      if (sqlState(error) === undefined) throw error;
      throw new ReadModelMismatch(model.name, `its table could not be created: ${error.message}`, { cause: error });
    });
    await tx.unsafe(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO ${APP_ROLE}`);
    await tx.unsafe(`GRANT SELECT ON ${name} TO ${READ_ROLE}`);
    if (!(await columnsOf(tx, name)).some(({ inKey }) => inKey))
      throw new ReadModelMismatch(model.name, 'its table has no PRIMARY KEY: add one with the properties of the key');
  }
}

/** Removes tables of a version, as far as they are there. */
export async function dropTables(
  tx: Tx,
  schema: string,
  version: Versioned & { readonly parts: readonly string[] },
  table: ReadModelTable,
): Promise<void> {
  for (const part of version.parts) await tx.unsafe(`DROP TABLE IF EXISTS ${tableName(schema, version, table, part)}`);
}

/**
 * Points the views of the model's name, which are for people and other tools, at the live tables of a version. What was
 * granted on one is granted again. (CREATE OR REPLACE could not change the types of columns.)
 */
export async function createViews(
  tx: Tx,
  schema: string,
  version: Versioned & { readonly parts: readonly string[] },
): Promise<void> {
  for (const part of version.parts) await createView(tx, schema, version, part);
}

async function createView(tx: Tx, schema: string, version: Versioned, part: string): Promise<void> {
  const view = viewName(schema, version.name, part);
  const granted = await tx.unsafe<{ grantee: string; privilege: string }[]>(
    `SELECT CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS grantee, acl.privilege_type AS privilege
       FROM pg_class c, aclexplode(c.relacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
      WHERE c.oid = to_regclass($1) AND acl.grantee <> c.relowner`,
    [view],
  );
  await tx.unsafe(`DROP VIEW IF EXISTS ${view}`);
  await tx.unsafe(`CREATE VIEW ${view} AS SELECT * FROM ${tableName(schema, version, 'live', part)}`);
  await tx.unsafe(`GRANT SELECT ON ${view} TO ${APP_ROLE}, ${READ_ROLE}`);
  for (const { grantee, privilege } of granted) await tx.unsafe(`GRANT ${privilege} ON ${view} TO ${grantee}`);
}
