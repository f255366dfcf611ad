import type { Column } from './read-model-columns.js';

/**
 * The statements of one read model's table. Rows and keys go in and come out as JSON, named as in the code: a row is
 * exactly what JSON holds, whatever the types of the columns are.
 */
export interface ReadModelStatements {
  /** All rows, one JSON object each. */
  readonly all: string;
  /** $1: rows as a JSON array. Answers them as the columns' types would give them back. */
  readonly stored: string;
  /** $1: keys as a JSON array. Answers one JSON object a row. */
  readonly load: string;
  /** $1: rows as a JSON array. */
  readonly upsert: string;
  /** $1: keys as a JSON array. */
  readonly delete: string;
  /** $1: the values of `where` as one JSON object; $2: the key to start behind, or null; $3: the limit. */
  find(where: readonly { readonly column: Column; readonly isNull: boolean }[], after: boolean): string;
}

/** Writes the statements. The table's name was checked; the columns' come from the catalog. */
export function readModelStatements(table: string, columns: readonly Column[]): ReadModelStatements {
  const key = columns.filter(({ inKey }) => inKey);
  const rest = columns.filter(({ inKey }) => !inKey);
  const own = (column: Column): string => `t.${quoted(column.name)}`;
  const names = (of: readonly Column[]): string => of.map(({ name }) => quoted(name)).join(', ');
  const row = `SELECT ${columns.map((column) => `${asJson('t', column)} AS ${quoted(column.property)}`).join(', ')} FROM ${table} t`;
  const sameKey = key.map((column) => `${own(column)} = k.${quoted(column.property)}`).join(' AND ');
  const keysGiven = `jsonb_to_recordset($1::text::jsonb) AS k(${recordOf(key)})`;
  const replace =
    rest.length === 0
      ? 'NOTHING'
      : `UPDATE SET ${rest.map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')}`;
  const given = columns
    .map((column) => `${asJson('t', column, column.property)} AS ${quoted(column.property)}`)
    .join(', ');
  return {
    all: `SELECT row_to_json(r) AS row FROM (${row}) r`,
    stored: `SELECT row_to_json(r) AS row FROM (SELECT ${given} FROM jsonb_to_recordset($1::text::jsonb) AS t(${recordOf(columns)})) r`,
    load: `SELECT row_to_json(r) AS row FROM (${row} JOIN ${keysGiven} ON ${sameKey}) r`,
    upsert:
      `INSERT INTO ${table} (${names(columns)}) SELECT ${columns.map(({ property }) => quoted(property)).join(', ')} ` +
      `FROM jsonb_to_recordset($1::text::jsonb) AS r(${recordOf(columns)}) ON CONFLICT (${names(key)}) DO ${replace}`,
    delete: `DELETE FROM ${table} t USING ${keysGiven} WHERE ${sameKey}`,
    find(where, after) {
      const equal = where.map(({ column, isNull }) =>
        isNull ? `${own(column)} IS NULL` : `${own(column)} = ($1::text::jsonb->>'${column.property}')::${column.type}`,
      );
      const behind = key.map(({ property, type }) => `($2::text::jsonb->>'${property}')::${type}`).join(', ');
      const conditions = [
        ...equal,
        after ? `(${key.map(own).join(', ')}) > (${behind})` : '$2::text IS NULL',
        '$1::text IS NOT NULL',
      ];
      const order = key.map(own).join(', ');
      return `SELECT row_to_json(r) AS row FROM (${row} WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT $3) r`;
    },
  };
}

/** A time as `Date.prototype.toISOString` writes it, so that it comes back as it went in. */
function isoText(expression: string): string {
  return `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** A column of a table as a row's JSON has it. @param name what it is called there, if not as in the table */
export function asJson(table: string, { name: own, type }: Column, name: string = own): string {
  const value = `${table}.${quoted(name)}`;
  return type.startsWith('timestamp') && type.endsWith('with time zone') ? isoText(value) : value;
}

/** Columns as a record of JSON objects declares them. */
export function recordOf(columns: readonly Column[]): string {
  return columns.map(({ property, type }) => `${quoted(property)} ${type}`).join(', ');
}

/** An identifier as it stands in SQL. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
