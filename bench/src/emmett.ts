import { readFileSync } from 'node:fs';

/** What is used of Emmett. Written down here, so that everything compiles where the peers are not installed. */
export interface EmmettStore {
  appendToStream(
    stream: string,
    events: readonly { readonly type: string; readonly data: object; readonly metadata: object }[],
    options: { readonly expectedStreamVersion: bigint | string },
  ): Promise<unknown>;
  readonly schema: { migrate(): Promise<unknown> };
  close(): Promise<void>;
}

/** Emmett on a database of its own. */
export interface Emmett {
  readonly store: EmmettStore;
  /** Its word for "the stream is not there yet". */
  readonly noStream: string;
  close(): Promise<void>;
}

const MAIN = '@event-driven-io/emmett';
const STORE = '@event-driven-io/emmett-postgresql';
const DRIVER = 'pg';

/** Opens Emmett's event store with a pool of its driver's, and creates its tables. */
export async function openEmmett(url: string, connections: number): Promise<Emmett> {
  const [{ STREAM_DOES_NOT_EXIST }, { getPostgreSQLEventStore }, { default: pg }] = await Promise.all([
    import(MAIN),
    import(STORE),
    import(DRIVER),
  ]);
  const pool = new pg.Pool({ connectionString: url, max: connections });
  pool.on('error', () => {}); // its database is dropped at the end
  const store: EmmettStore = getPostgreSQLEventStore(url, { connectionOptions: { pooled: true, pool } });
  await store.schema.migrate();
  return {
    store,
    noStream: STREAM_DOES_NOT_EXIST,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

/** Its name with its version. The peers are pinned: what is asked for is what is there. */
export function emmettName(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return `Emmett ${manifest.dependencies[STORE]}`;
}
