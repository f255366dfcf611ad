import { ReadModelMismatch, type ReadModel } from '@logfold/core';
import type { Tx } from './connection.js';
import { sqlState } from './errors.js';
import { tableName } from './read-model-table-name.js';
import { APP_ROLE, READ_ROLE } from './roles.js';

/** Makes a table as the definition has it, as its owner. @throws ReadModelMismatch when Postgres refuses the definition */
export async function createTable(tx: Tx, model: ReadModel, name: string): Promise<void> {
  await tx.unsafe(`CREATE TABLE ${name} ${model.table.text}`).catch((error: Error) => {
    if (sqlState(error) === undefined) throw error;
    throw new ReadModelMismatch(model.name, `its table could not be created: ${error.message}`, { cause: error });
  });
  await tx.unsafe(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO ${APP_ROLE}`);
  await tx.unsafe(`GRANT SELECT ON ${name} TO ${READ_ROLE}`);
}

/** What was granted on a view, each as it stands behind GRANT and TO. */
export type Granted = readonly { readonly grantee: string; readonly privilege: string }[];

/**
 * Removes the view of the model's name, if it is there. Do so before its table is renamed: who reads the view locks it first,
 * and then its table. (CREATE OR REPLACE could not change the types of columns.)
 */
export async function dropView(tx: Tx, schema: string, { name }: Pick<ReadModel, 'name'>): Promise<Granted> {
  const view = `${schema}.${name}`;
  const granted = await tx.unsafe<{ grantee: string; privilege: string }[]>(
    `SELECT CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS grantee, acl.privilege_type AS privilege
       FROM pg_class c, aclexplode(c.relacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
      WHERE c.oid = to_regclass($1) AND acl.grantee <> c.relowner`,
    [view],
  );
  await tx.unsafe(`DROP VIEW IF EXISTS ${view}`);
  return granted;
}

/** Points the view of the model's name, which is for people and other tools, at the live table of a version. */
export async function createView(
  tx: Tx,
  schema: string,
  model: Pick<ReadModel, 'name' | 'version'>,
  granted: Granted = [],
): Promise<void> {
  const view = `${schema}.${model.name}`;
  await tx.unsafe(`CREATE VIEW ${view} AS SELECT * FROM ${tableName(schema, model)}`);
  await tx.unsafe(`GRANT SELECT ON ${view} TO ${APP_ROLE}, ${READ_ROLE}`);
  for (const { grantee, privilege } of granted) await tx.unsafe(`GRANT ${privilege} ON ${view} TO ${grantee}`);
}
