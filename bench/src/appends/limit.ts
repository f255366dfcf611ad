import { uuidv7 } from '@logfold/core';
import type { Sql } from 'postgres';
import type { OneAppend } from './workload.js';

/**
 * The limit's table: the same columns and the same two indexes as the log's, in the same database; no trigger, no
 * check, a sequence of its own.
 */
export async function createLimitTable(sql: Sql, log: string): Promise<void> {
  await sql.unsafe(`
    CREATE SCHEMA plain;
    CREATE SEQUENCE plain.position;
    CREATE TABLE plain.events (LIKE ${log}.events INCLUDING DEFAULTS INCLUDING INDEXES);
    ALTER TABLE plain.events ALTER position SET DEFAULT nextval('plain.position');
    ALTER TABLE plain.events SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)`);
}

/** The limit: one prepared INSERT of one row for each event, committed by itself, asking for nothing back. */
export function appendPlainly(sql: Sql) {
  return ({ stream, version, data, metadata }: OneAppend): Promise<unknown> =>
    sql`INSERT INTO plain.events (stream, version, id, type, schema_version, topic, key, data, metadata)
        VALUES (${stream}, ${version + 1}, ${uuidv7()}, 'LinePlaced', 1, NULL, NULL, ${data as never}, ${metadata as never})`;
}
