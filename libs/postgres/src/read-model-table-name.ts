import type { ReadModel, ReadModelTable } from '@logfold/core';

/** What stands behind the name of a table that queries do not read. */
const SUFFIXES: Readonly<Record<ReadModelTable, string>> = { live: '', new: '_new', old: '_old' };

/** The full name of one of the tables of a version. Schema and name were checked. */
export function tableName(
  schema: string,
  { name, version }: Pick<ReadModel, 'name' | 'version'>,
  table: ReadModelTable = 'live',
): string {
  return `${schema}.${name}__v${version}${SUFFIXES[table]}`;
}
