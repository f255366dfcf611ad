import { onTestServer, testDatabase, testDatabaseUrl, type TestDatabase } from '../../../../test/support/database.js';
import type { Summary } from '../../src/import/summary.js';
import { imported } from './import-run.js';

const TEMPLATE = 'logfold_year';

/** Whoever holds it makes the template; any number will do that nobody else takes. */
const LOCK = 20_101_201;

/**
 * A database of one's own with the logs of the real year, no read models. The year is imported by whichever test of a run needs
 * it first; all others get a copy.
 * @param year where it is
 */
export async function importedYear(
  year: string,
): Promise<{ readonly database: TestDatabase; readonly summary: Summary }> {
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
