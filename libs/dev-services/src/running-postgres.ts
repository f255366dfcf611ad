import type { Cluster } from './postgres-cluster.js';

/** A Postgres that answers at `url`. */
export interface RunningPostgres {
  /** The superuser's connection string, to the database `postgres`. */
  url: string;
  port: number;
  /** The data directory; below the temporary directory when the wanted one cannot be reached by the server's user. */
  directory: string;
  /** Whether the server ran already. */
  adopted: boolean;
  /** Gives the server up, at most once; the last user's `stop` ends it. */
  stop(): Promise<void>;
}

/** What a started or adopted server is to its user. */
export function running(cluster: Cluster, port: number, adopted: boolean, stop: () => Promise<void>): RunningPostgres {
  let stopped: Promise<void> | undefined;
  const url = `postgres://logfold:${cluster.password}@127.0.0.1:${port}/postgres`;
  return { url, port, directory: cluster.data, adopted, stop: () => (stopped ??= stop()) };
}
