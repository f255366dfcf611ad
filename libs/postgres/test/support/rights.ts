import type postgres from 'postgres';

/** A table or a view, as the catalog has it. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly isView: boolean;
  /** Those that may be written at all, in their order. */
  readonly columns: readonly string[];
}

/** What a role could do when it tried. */
export interface Rights {
  readonly select: boolean;
  readonly insert: readonly string[] | 'all';
  readonly update: readonly string[] | 'all';
  readonly delete: boolean;
  readonly truncate: boolean;
}

const NOT_PERMITTED = '42501';

/** All tables and views of a schema. */
export async function tablesIn(sql: postgres.Sql, schema: string): Promise<readonly Table[]> {
  const rows = await sql<{ name: string; kind: string; columns: string[] }[]>`
    SELECT c.relname AS name, c.relkind::text AS kind,
           array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attidentity = '' AND a.attgenerated = '') AS columns
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = to_regnamespace(${schema}) AND c.relkind IN ('r', 'p', 'f', 'v', 'm') GROUP BY 1, 2`;
  return rows.map(({ name, kind, columns }) => ({ schema, name, isView: kind === 'v', columns }));
}

/** Tries everything as a role. What it does is taken back. */
export function rightsOf(sql: postgres.Sql, role: string, { schema, name, isView, columns }: Table): Promise<Rights> {
  const table = `${schema}.${name}`;
  return asRole(sql, role, async (may) => {
    const each = async (statement: (column: string) => string): Promise<string[]> => {
      const found: string[] = [];
      for (const column of columns) if (await may(statement(column))) found.push(column);
      return found;
    };
    return {
      select: await may(`SELECT * FROM ${table} WHERE false`),
      insert: await each((column) => `INSERT INTO ${table} (${column}) VALUES (DEFAULT)`),
      update: await each((column) => `UPDATE ${table} SET ${column} = DEFAULT WHERE false`),
      delete: await may(`DELETE FROM ${table} WHERE false`),
      truncate: !isView && (await may(`TRUNCATE ${table}`)),
    };
  });
}

/** What a role could do with each sequence of a schema. */
export async function sequenceRightsOf(
  sql: postgres.Sql,
  role: string,
  schema: string,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const sequences = await sql<{ name: string }[]>`
    SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace(${schema}) AND relkind = 'S' ORDER BY 1`;
  return asRole(sql, role, async (may) => {
    const rights: Record<string, string[]> = {};
    for (const { name } of sequences) {
      const found = (rights[name] = [] as string[]);
      if (await may(`SELECT last_value FROM ${schema}.${name}`)) found.push('read');
      if (await may(`SELECT nextval('${schema}.${name}')`)) found.push('draw');
      if (await may(`SELECT setval('${schema}.${name}', 1000)`)) found.push('set');
    }
    return rights;
  });
}

/** Tries statements one by one. A right is what a statement does not fail for the lack of, whatever else it fails for. */
async function asRole<T>(
  sql: postgres.Sql,
  role: string,
  work: (may: (statement: string) => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const connection = await sql.reserve();
  try {
    await connection.unsafe(`BEGIN; SET LOCAL ROLE ${role}`);
    return await work(async (statement) => {
      await connection.unsafe('SAVEPOINT tried');
      try {
        await connection.unsafe(statement);
        return true;
      } catch (error) {
        return (error as { code?: unknown }).code !== NOT_PERMITTED;
      } finally {
        await connection.unsafe('ROLLBACK TO tried');
      }
    });
  } finally {
    await connection.unsafe('ROLLBACK');
    connection.release();
  }
}
