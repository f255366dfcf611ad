import {
  DatabaseUnavailable,
  ReadModelMismatch,
  tablesOf,
  type AnyReadModel,
  type ReadModelTable,
} from '@logfold/core';
import type { Tx } from './connection.js';
import { sqlState, translated } from './errors.js';
import { columnsOf } from './read-model-columns.js';
import { tableName, viewName, type Versioned } from './read-model-table-name.js';
import { APP_ROLE, READ_ROLE } from './roles.js';

/** What Postgres says of a view on which other objects depend. */
const DEPENDED_ON = '2BP01';

/** Makes the tables as the definition has them, as their owner. @throws ReadModelMismatch when Postgres refuses one, or it has no key */
export async function createTables(tx: Tx, schema: string, model: AnyReadModel, table: ReadModelTable): Promise<void> {
  for (const [part, definition] of tablesOf(model)) {
    const name = tableName(schema, model, table, part);
    await tx.unsafe(`CREATE TABLE ${name} ${definition.text}`).catch((error: Error) => {
      const known = translated(error);
      if (sqlState(error) === undefined || known instanceof DatabaseUnavailable) throw known; // it is not the definition's fault
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

/** What was granted on the views of a read model, by the names of its tables, each as it stands behind GRANT and TO. */
export type Granted = ReadonlyMap<string, readonly { readonly grantee: string; readonly privilege: string }[]>;

/**
 * Removes the views of a model's name, as far as they are there. Do so before a table is renamed: who reads a view locks it
 * first, and then its table. (CREATE OR REPLACE could not change the types of columns.)
 * @throws ReadModelMismatch when something depends on one
 */
export async function dropViews(tx: Tx, schema: string, name: string, parts: Iterable<string>): Promise<Granted> {
  const all = new Map<string, { readonly grantee: string; readonly privilege: string }[]>();
  for (const part of new Set(parts)) {
    const view = viewName(schema, name, part);
    const granted = await tx.unsafe<{ grantee: string; privilege: string }[]>(
      `SELECT CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END AS grantee, acl.privilege_type AS privilege
         FROM pg_class c, aclexplode(c.relacl) acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
        WHERE c.oid = to_regclass($1) AND acl.grantee <> c.relowner`,
      [view],
    );
    await tx.unsafe(`DROP VIEW IF EXISTS ${view}`).catch((error: Error & { readonly detail?: string }) => {
      if (sqlState(error) !== DEPENDED_ON) throw error;
      const which = error.detail?.replaceAll('\n', '; ') ?? error.message;
      throw new ReadModelMismatch(
        name,
        `its view ${view} cannot be replaced while something depends on it (${which}): ` +
          'drop that, ask for the switch again, and make it anew',
        { cause: error },
      );
    });
    all.set(part, [...granted]);
  }
  return all;
}

/** Points the views of a model's name, which are for people and other tools, at the live tables of a version. */
export async function createViews(
  tx: Tx,
  schema: string,
  version: Versioned & { readonly parts: readonly string[] },
  granted: Granted = new Map(),
): Promise<void> {
  for (const part of version.parts) {
    const view = viewName(schema, version.name, part);
    await tx.unsafe(`CREATE VIEW ${view} AS SELECT * FROM ${tableName(schema, version, 'live', part)}`);
    await tx.unsafe(`GRANT SELECT ON ${view} TO ${APP_ROLE}, ${READ_ROLE}`);
    for (const { grantee, privilege } of granted.get(part) ?? [])
      await tx.unsafe(`GRANT ${privilege} ON ${view} TO ${grantee}`);
  }
}
