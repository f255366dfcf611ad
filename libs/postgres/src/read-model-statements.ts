import type { Column } from './read-model-columns.js';

/**
 * The statements of one read model's table. Rows and keys go in and come out as JSON, named as in the code: a row is
 * exactly what JSON holds, whatever the types of the columns are.
 */
export interface ReadModelStatements {
  /** $1: keys as a JSON array. Answers one JSON object a row. */
  readonly load: string;
  /** $1: rows as a JSON array. */
  readonly upsert: string;
  /** $1: rows as a JSON array. Answers them as `load` would if they were in the table. */
  readonly shaped: string;
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
  const asJson = (column: Column): string =>
    column.type.startsWith('timestamp') && column.type.endsWith('with time zone') ? isoText(own(column)) : own(column);
  const record = (of: readonly Column[]): string =>
    of.map(({ property, type }) => `${quoted(property)} ${type}`).join(', ');
  const names = (of: readonly Column[]): string => of.map(({ name }) => quoted(name)).join(', ');
  const selected = `SELECT ${columns.map((column) => `${asJson(column)} AS ${quoted(column.property)}`).join(', ')}`;
  const row = `${selected} FROM ${table} t`;
  const sameKey = key.map((column) => `${own(column)} = k.${quoted(column.property)}`).join(' AND ');
  const keysGiven = `jsonb_to_recordset($1::text::jsonb) AS k(${record(key)})`;
  const replace =
    rest.length === 0
      ? 'NOTHING'
      : `UPDATE SET ${rest.map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')}`;
  return {
    load: `SELECT row_to_json(r) AS row FROM (${row} JOIN ${keysGiven} ON ${sameKey}) r`,
    upsert:
      `INSERT INTO ${table} (${names(columns)}) SELECT ${columns.map(({ property }) => quoted(property)).join(', ')} ` +
      `FROM jsonb_to_recordset($1::text::jsonb) AS r(${record(columns)}) ON CONFLICT (${names(key)}) DO ${replace}`,
    shaped:
      `SELECT row_to_json(r) AS row FROM (${selected} FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS given(json, nth), ` +
      `LATERAL jsonb_to_record(given.json) AS j(${record(columns)}), ` +
      `LATERAL (SELECT ${columns.map(({ name, property }) => `j.${quoted(property)} AS ${quoted(name)}`).join(', ')}) AS t ORDER BY given.nth) r`,
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

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
