import type { ReadModelTable } from '@logfold/core';

/** What stands behind the name of a table that queries do not read. */
const SUFFIXES: Readonly<Record<ReadModelTable, string>> = { live: '', new: '_new', old: '_old', check: '_check' };

/** A version of a read model. */
export interface Versioned {
  readonly name: string;
  readonly version: number;
}

/**
 * The full name of one of the tables of a version. Schema and name were checked.
 * @param part which one, of a model in SQL
 */
export function tableName(
  schema: string,
  { name, version }: Versioned,
  table: ReadModelTable = 'live',
  part = '',
): string {
  return `${viewName(schema, name, part)}__v${version}${SUFFIXES[table]}`;
}

/** The name of the view that shows the live table of the current version. */
export function viewName(schema: string, name: string, part = ''): string {
  return `${schema}.${name}${part === '' ? '' : `_${part}`}`;
}
