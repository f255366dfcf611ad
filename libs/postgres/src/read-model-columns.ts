import { columnOf, propertyOf, ReadModelMismatch, type ReadModel } from '@logfold/core';
import type { Tx } from './connection.js';

/** A column of a read model's table. */
export interface Column {
  /** As in the table: `on_hand`. */
  readonly name: string;
  /** As in the row: `onHand`. */
  readonly property: string;
  /** Its type in SQL: `integer`, `numeric(10,2)`. */
  readonly type: string;
  readonly inKey: boolean;
}

/** Reads the columns of a table from the catalog, in order; those of the PRIMARY KEY are marked. */
export async function columnsOf(sql: Tx, table: string): Promise<readonly Column[]> {
  const rows = await sql<{ name: string; type: string; in_key: boolean }[]>`
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, coalesce(a.attnum = ANY(i.indkey), false) AS in_key
      FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
     WHERE a.attrelid = ${table}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;
  return rows.map(({ name, type, in_key }) => ({ name, property: propertyOf(name), type, inKey: in_key }));
}

/** @throws ReadModelMismatch when an object has a property that is no column. */
export function requireColumns(model: ReadModel, columns: readonly Column[], object: object): void {
  for (const property of Object.keys(object))
    if (!columns.some((column) => column.property === property))
      throw new ReadModelMismatch(
        model.name,
        `the table has no column ${columnOf(property)} for the row's ${property}; its columns are ${columns.map(({ name }) => name).join(', ')}`,
      );
}

/** @throws ReadModelMismatch unless the properties of a key are those of the PRIMARY KEY. */
export function requireKey(model: ReadModel, columns: readonly Column[], key: object): void {
  const wanted = columns.filter(({ inKey }) => inKey).map(({ property }) => property);
  const given = Object.keys(key);
  if (wanted.length !== given.length || !wanted.every((property) => given.includes(property)))
    throw new ReadModelMismatch(
      model.name,
      `its key is (${given.join(', ')}), the PRIMARY KEY of its table is (${wanted.join(', ')}): make them the same`,
    );
}
