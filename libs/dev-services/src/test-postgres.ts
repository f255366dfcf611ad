import { postgresBinaries } from './postgres-binaries.js';
import { launch, openCluster, type Launch } from './postgres-cluster.js';
import { serverAccount } from './process.js';
import { running, type RunningPostgres } from './running-postgres.js';
import { makeTestHome, removeTestHome } from './test-homes.js';

/** An empty server of this process's own, below `parent`, in memory by default. See `startPostgres`. */
export async function startTestPostgres(parent?: string): Promise<RunningPostgres> {
  const account = serverAccount();
  const home = await makeTestHome(parent, account);
  try {
    const options: Launch = { binaries: postgresBinaries(account), account, port: 0, durable: false };
    const cluster = await openCluster(home, options);
    const { port } = await launch(home, cluster, options);
    return running(cluster, port, false, () => removeTestHome(home));
  } catch (error) {
    await removeTestHome(home);
    throw error;
  }
}
