import { serviceHome } from './home.js';
import { findJava } from './java.js';
import { launchKafka, openKafka, stopKafka, type ClusterSize } from './kafka-cluster.js';
import { kafkaJars } from './kafka-jars.js';
import { kafkaJvm } from './kafka-jvm.js';
import { clusterPlace } from './kafka-node.js';
import { withLock } from './lock.js';
import { runningKafka, type RunningKafka } from './running-kafka.js';
import { makeTestHome, removeTestHome } from './test-homes.js';
import { hasUsers, register } from './users.js';

/** Which Kafka {@link startKafka} is to give. */
export interface KafkaOptions {
  /** The directory that keeps the data, or for a test cluster the directory below which it is made. Default: `.logfold`, or memory. */
  home?: string;
  /** One node, the default, or three: each topic on all of them, two acknowledge, and one may fail. */
  nodes?: ClusterSize;
  /**
   * `true`, the default: the data stays, and all who ask for the same home and number of nodes share one cluster.
   * `false`: an empty cluster for tests that nobody else gets, removed by `stop`.
   */
  durable?: boolean;
  /** The directory below which Kafka's jars are kept, for all clusters. Default: `.logfold`. */
  jars?: string;
  /**
   * For tests that break connections: one port per node, where the test's own proxy listens. What connects to a node's
   * `proxied` address is told to go on at that port; the proxy is to lead there. Not for a cluster that runs already.
   */
  proxies?: readonly number[];
}

/** Others may be fetching jars, or starting on a machine that is busy. */
const lockMs = 600_000;

/**
 * A real Apache Kafka without Docker: Java 17 or newer has to be there, and Maven, which fetches it once.
 * Only on loopback, without a password; ready when it has committed a transaction.
 *
 * @throws DevServiceError when it cannot be had; the message names the remedy
 * @example
 * const kafka = await startKafka({ home: '.logfold' });
 * const client = new Kafka({ brokers: kafka.brokers });
 * await kafka.stop();
 */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const { home, nodes = 1, durable = true, jars = '.logfold', proxies } = options;
  const java = await findJava();
  const jvm = kafkaJvm(java, await kafkaJars(jars));
  const own = durable ? undefined : await makeTestHome(home, undefined);
  const place = serviceHome(clusterPlace(own ?? home ?? '.logfold', nodes), undefined);
  const start = async () => {
    const cluster = await openKafka(place, nodes, jvm);
    const adopted = await launchKafka(cluster, proxies);
    return { cluster, adopted };
  };
  if (own) {
    try {
      const { cluster, adopted } = await start();
      return runningKafka(cluster, adopted, () => removeTestHome(own));
    } catch (error) {
      await removeTestHome(own);
      throw error;
    }
  }
  const locked = <T>(work: () => Promise<T>) => withLock(place, work, lockMs);
  return locked(async () => {
    const unregister = register(place);
    try {
      const { cluster, adopted } = await start();
      return runningKafka(cluster, adopted, () =>
        locked(async () => {
          unregister();
          if (!hasUsers(place)) await stopKafka(cluster);
        }),
      );
    } catch (error) {
      unregister();
      throw error;
    }
  });
}
