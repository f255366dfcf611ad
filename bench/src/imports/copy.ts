import { postgresDatabase } from '@logfold/postgres';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { openConnections } from '../connections.js';

/** All that a writer sets; the rest is given by the table. */
const COLUMNS = 'stream, version, id, type, schema_version, topic, key, data, metadata';

/** Writes the events of the imported logs into a file, one log after the other, each in its order. */
export async function copyOut(url: string, file: string): Promise<void> {
  const sql = openConnections(url, 1);
  try {
    const rows = await sql
      .unsafe(
        `COPY ((SELECT ${COLUMNS} FROM inventory.events ORDER BY position)
               UNION ALL (SELECT ${COLUMNS} FROM ordering.events ORDER BY position)) TO STDOUT`,
      )
      .readable();
    await pipeline(rows, createWriteStream(file));
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Brings the events of the file into one empty log by COPY. @returns the seconds that the COPY took, commit included. */
export async function copyIn(url: string, file: string): Promise<number> {
  const database = postgresDatabase({ service: 'inventory', url, schema: 'inventory' });
  await database.open();
  await database.close();
  const sql = openConnections(url, 1);
  try {
    await sql`SELECT 1`; // connected
    const started = performance.now();
    const into = await sql.unsafe(`COPY inventory.events (${COLUMNS}) FROM STDIN`).writable();
    await pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), into);
    return (performance.now() - started) / 1_000;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
