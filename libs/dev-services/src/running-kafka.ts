import { restartNode, type KafkaCluster } from './kafka-cluster.js';
import { nodeDirectories, pidOfNode, signalNode } from './kafka-node.js';

/** A Kafka that answers at `brokers`. */
export interface RunningKafka {
  /** `host:port` of each node. */
  brokers: string[];
  nodes: KafkaNode[];
  /** The directory of the cluster; its nodes' logs are `node-1/kafka.log` and so on. */
  directory: string;
  /** Whether the cluster, or a part of it, ran already. */
  adopted: boolean;
  /** Gives the cluster up, at most once; the last user's `stop` ends it. */
  stop(): Promise<void>;
}

/** One node of a running cluster: broker and controller in one process. */
export interface KafkaNode {
  /** From 1 on; its `node.id`. */
  readonly id: number;
  /** The process that it is now; `undefined` while it does not run. */
  readonly pid: number | undefined;
  /** `host:port` of its broker; the same after a restart. */
  readonly address: string;
  /** `host:port` from where clients are sent on to the proxy, if one was asked for. */
  readonly proxied: string | undefined;
  /** Sends its process a signal, SIGKILL by default, and waits for its end if it has to end by that. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again with its data; resolves when it commits, or at once while too few nodes run for that. */
  start(): Promise<void>;
}

/** What a started or adopted cluster is to its user. */
export function runningKafka(cluster: KafkaCluster, adopted: boolean, stop: () => Promise<void>): RunningKafka {
  let stopped: Promise<void> | undefined;
  const directories = nodeDirectories(cluster.directory);
  const nodes = cluster.layout.nodes.map(({ id, broker, proxied }): KafkaNode => {
    const directory = directories[id - 1]!;
    return {
      id,
      get pid() {
        return pidOfNode(directory);
      },
      address: `127.0.0.1:${broker}`,
      proxied: proxied && `127.0.0.1:${proxied.listens}`,
      kill: (signal = 'SIGKILL') => signalNode(directory, signal),
      start: () => restartNode(cluster, id),
    };
  });
  const brokers = nodes.map(({ address }) => address);
  return { brokers, nodes, directory: cluster.directory, adopted, stop: () => (stopped ??= stop()) };
}
