import { join } from 'node:path';
import { onTestServer, testDatabase, testDatabaseUrl, type TestDatabase } from '../../../../test/support/database.js';
import { yearOfSales } from '../../../../test/support/year-of-sales.mjs';
import type { Summary } from '../../src/import/summary.js';
import { imported } from './import-run.js';
import { writeSales } from './sales.js';

const TEMPLATE = 'logfold_year';

/** Whoever holds it makes the template; any number will do that nobody else takes. */
const LOCK = 20_101_201;

const year = yearOfSales();

/** Which sales there are here. */
export const SALES = year === undefined ? 'generated sales' : 'a year of real sales';

/** Sales whose logs were imported into a database of one's own, no read models. */
export interface ImportedSales {
  readonly path: string;
  readonly database: TestDatabase;
  readonly summary: Summary;
}

/** A real year, where there is one; some generated days elsewhere, written below `folder`. */
export async function importedSales(folder: string): Promise<ImportedSales> {
  if (year !== undefined) return { path: year, ...(await importedYear(year)) };
  const path = await writeSales(join(folder, 'generated'), { seed: 11, days: 6, rows: 9_000 });
  const database = await testDatabase();
  return { path, database, summary: await imported(path, database.url, '--log-only') };
}

/** The year is imported by whichever test of a run needs it first; all others get a copy. */
async function importedYear(year: string): Promise<Omit<ImportedSales, 'path'>> {
  const summary = await onTestServer(async (sql) => {
    await sql`SELECT pg_advisory_lock(${LOCK})`; // given back when the connection ends
    const told = sql<{ said: string }[]>`
      SELECT shobj_description(oid, 'pg_database') AS said FROM pg_database WHERE datname = ${TEMPLATE}`;
    const [made] = await told;
    if (made) return JSON.parse(made.said) as Summary;
    const half = `${TEMPLATE}_half`;
    await sql.unsafe(`DROP DATABASE IF EXISTS ${half} WITH (FORCE)`);
    await sql.unsafe(`CREATE DATABASE ${half} TEMPLATE logfold_template STRATEGY FILE_COPY`);
    const found = await imported(year, testDatabaseUrl(half), '--log-only');
    await sql.unsafe(`COMMENT ON DATABASE ${half} IS '${JSON.stringify(found).replaceAll("'", "''")}'`);
    await sql.unsafe(`ALTER DATABASE ${half} RENAME TO ${TEMPLATE}`);
    return found;
  });
  return { database: await testDatabase(TEMPLATE), summary };
}
