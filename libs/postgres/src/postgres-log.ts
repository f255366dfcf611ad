import {
  checkIdentifier,
  DatabaseUnsuitable,
  NotRunning,
  type LogIdentity,
  type PublishedBatch,
  type PublishedLog,
  type PublishedRange,
  type ReadableLog,
} from '@logfold/core';
import { Pool, type ConnectionOptions, type Sql } from './connection.js';
import { translating } from './errors.js';
import { publishedLog } from './published-log.js';
import { READ_ROLE } from './roles.js';
import { statementsFor } from './statements.js';
import { PostgresWakeUp } from './wake-up.js';

/** Where the log of another service is. */
export interface PostgresLogOptions {
  /** The service whose log it is. */
  readonly service: string;
  /** `postgres://user:password@host:5432/database`. The login needs to be a member of `logfold_read`, or to own the log. */
  readonly url: string;
  /** `logfold` by default. */
  readonly schema?: string;
}

/** The log of another service, to be read. */
export interface PostgresLog extends ReadableLog {
  /** Ends its connections: two to read, one to listen. Idempotent. */
  close(): Promise<void>;
}

const CONNECTIONS = 2;

/**
 * Reads the log of another service, in the same database or another one, without its code; changes nothing there, and
 * works as `logfold_read` where the login may. Connects when first used.
 * @throws InvalidDefinition for names that cannot stand in SQL; DatabaseUnsuitable for a URL that is none, and at the
 *   first use when there is no such log, when it is another service's, or when it may not be read.
 * @example logTopics({ inventory: postgresLog({ service: 'inventory', url, schema: 'inventory' }) })
 */
export function postgresLog({ service, url, schema = 'logfold' }: PostgresLogOptions): PostgresLog {
  checkIdentifier('Service', service);
  checkIdentifier('Schema', schema);
  const statements = statementsFor(schema);
  const options: ConnectionOptions = { url, name: `logfold reads ${service}` };
  const login = new Pool(options, 1);
  const wakeUp = new PostgresWakeUp(login, options, `logfold_${schema}`);
  let opening: Promise<{ readonly pool: Pool; readonly log: PublishedLog }> | undefined;
  let closed = false;

  async function open() {
    const pool = new Pool({ ...options, ...(await readingRole(login.sql)) }, CONNECTIONS);
    try {
      await requireLog(pool.sql, schema, service);
      return { pool, log: publishedLog(pool, pool, statements) };
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** The log, once it is known to be the right one; a failure is tried anew by whoever asks next. */
  async function opened(): Promise<PublishedLog> {
    if (closed) throw new NotRunning(`The log of "${service}" was closed: read it before close()`);
    opening ??= translating(open).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return (await opening).log;
  }

  return {
    wakeUp,
    events: {
      async *readPublished(range: PublishedRange): AsyncGenerator<PublishedBatch> {
        yield* (await opened()).readPublished(range);
      },
      end: async (): Promise<bigint> => (await opened()).end(),
      idsAt: async (positions) => (await opened()).idsAt(positions),
      identity: async (): Promise<LogIdentity> => (await opened()).identity(),
    },
    async close() {
      closed = true;
      await wakeUp.close();
      const { pool } = (await opening?.catch(() => {})) ?? {};
      await Promise.all([login.close(), pool?.close()]);
    },
  };
}

/** The role to work as: the one for readers where the login may, else the login's own. */
async function readingRole(sql: Sql): Promise<Pick<ConnectionOptions, 'role'>> {
  const [role] = await sql`
    SELECT 1 FROM pg_roles WHERE rolname = ${READ_ROLE} AND pg_has_role(current_user, oid, 'MEMBER')`;
  return role ? { role: READ_ROLE } : {};
}

async function requireLog(sql: Sql, schema: string, service: string): Promise<void> {
  const [there] = await sql`
    SELECT to_regclass(${`${schema}.log`}) IS NOT NULL AS log, to_regproc(${`${schema}.published`}) IS NOT NULL AS published`;
  if (!there!.log)
    throw new DatabaseUnsuitable(
      `The database holds no log in schema "${schema}": start service "${service}" there first, or name its schema`,
    );
  if (!there!.published)
    throw new DatabaseUnsuitable(
      `The log in schema "${schema}" is older than this code: start service "${service}" with the newer code first`,
    );
  const [log] = await sql.unsafe<{ name: string }[]>(`SELECT name FROM ${schema}.log`);
  if (log?.name !== service)
    throw new DatabaseUnsuitable(
      `Schema "${schema}" holds the log of service "${log?.name}", not of "${service}": name the schema of "${service}"`,
    );
}
