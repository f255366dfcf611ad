import { startPostgres } from '@logfold/dev-services';
import postgres, { type Sql } from 'postgres';

/** The Postgres that is measured on. */
export interface Server {
  /** What it is: its version, and the settings that decide about durability. */
  readonly description: string;
  /** Makes an empty database. @returns its address. */
  database(purpose: string): Promise<string>;
  /** Removes a database. */
  drop(url: string): Promise<void>;
  /** Writes everything to disk, so that nobody's round pays for the work of another. */
  settle(): Promise<void>;
  /** Removes the databases that are left, whoever works on them, and stops the server if it is ours. Idempotent. */
  close(): Promise<void>;
}

const PREFIX = 'logfold_bench_';

/**
 * The server at `url`, or an embedded one that keeps its data in `home`. It has to be durable: a commit that does not
 * wait for the disk is another measure.
 */
export async function openServer(url: string | undefined, home: string): Promise<Server> {
  const own = url === undefined ? await startPostgres({ durable: true, home }) : undefined;
  const address = url ?? own!.url;
  const sql = postgres(address, { max: 1, onnotice: () => {} });
  const names = new Set<string>();
  const end = async (): Promise<void> => {
    for (const name of names) await dropDatabase(sql, name);
    await sql.end({ timeout: 5 });
    await own?.stop();
  };
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => (ended ??= end());
  try {
    if (own && !own.adopted) await removeLeftovers(sql);
    return {
      description: await describe(sql),
      async database(purpose) {
        const name = `${PREFIX}${process.pid}_${purpose}`;
        names.add(name);
        await sql.unsafe(`CREATE DATABASE ${name}`);
        return databaseUrl(address, name);
      },
      async drop(database) {
        const name = new URL(database).pathname.slice(1);
        await dropDatabase(sql, name);
        names.delete(name);
      },
      settle: async () => void (await sql.unsafe('CHECKPOINT')),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function describe(sql: Sql): Promise<string> {
  const names = ['server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size'];
  const settings: string[] = [];
  for (const name of names) {
    const [row] = await sql<{ value: string }[]>`SELECT current_setting(${name}) AS value`;
    if (name === 'fsync' && row!.value !== 'on')
      throw new Error('fsync is off on this server: the figures are about durable commits, measure on another one');
    settings.push(`${name} ${row!.value}`);
  }
  return `Postgres: ${settings.join(', ')}`;
}

/** Nobody else uses a server that we started: what is there was left by a run that was killed. */
async function removeLeftovers(sql: Sql): Promise<void> {
  for (const { datname } of await sql<{ datname: string }[]>`SELECT datname FROM pg_database`)
    if (datname.startsWith(PREFIX)) await dropDatabase(sql, datname);
}

async function dropDatabase(sql: Sql, name: string): Promise<void> {
  await sql.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
