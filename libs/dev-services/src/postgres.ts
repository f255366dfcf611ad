import { postgresBinaries } from './postgres-binaries.js';
import { launch, openCluster, type Launch } from './postgres-cluster.js';
import { serviceHome } from './home.js';
import { withLock } from './lock.js';
import { runningPostmaster, stopPostmaster } from './postmaster.js';
import { serverAccount } from './process.js';
import { running, type RunningPostgres } from './running-postgres.js';
import { startTestPostgres } from './test-postgres.js';
import { hasUsers, register } from './users.js';

/** Which Postgres {@link startPostgres} is to give. */
export interface PostgresOptions {
  /** The directory that keeps the data, or for a test server the directory below which it is made. Default: `.logfold`, or memory. */
  home?: string;
  /**
   * `true`, the default: the data stays, commits are safe, and all who ask for the same home share one server.
   * `false`: an empty server for tests that nobody else gets, without fsync, removed by `stop`.
   */
  durable?: boolean;
}

const durablePort = 54_329;

/**
 * A real Postgres without Docker or installation, from the binaries among the dependencies.
 * As root it runs as `nobody`; port 54329 if free, else any; only on loopback, with a password of its own.
 *
 * @throws DevServiceError when it cannot be had; the message names the remedy
 * @example
 * const postgres = await startPostgres({ home: '.logfold' });
 * const sql = connect(postgres.url);
 * await postgres.stop();
 */
export async function startPostgres({ home, durable = true }: PostgresOptions = {}): Promise<RunningPostgres> {
  if (!durable) return startTestPostgres(home);
  const account = serverAccount();
  const place = serviceHome(home ?? '.logfold', account);
  const options: Launch = { binaries: postgresBinaries(account), account, port: durablePort, durable };
  return withLock(place, async () => {
    const cluster = await openCluster(place, options);
    const unregister = register(place);
    try {
      const found = await runningPostmaster(cluster.data);
      const { port } = found ?? (await launch(place, cluster, options));
      return running(cluster, port, Boolean(found), () =>
        withLock(place, async () => {
          unregister();
          if (!hasUsers(place)) await stopPostmaster(cluster.data, 'fast', options.binaries);
        }),
      );
    } catch (error) {
      unregister();
      throw error;
    }
  });
}
