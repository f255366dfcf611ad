import { startKafka, type RunningKafka } from '@logfold/dev-services';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';

/** How many brokers a measure runs on. */
export type Nodes = 1 | 3;

/** The Kafka that is measured on. */
export interface Cluster {
  readonly nodes: Nodes;
  /** `host:port` of each broker. */
  readonly brokers: string[];
  readonly description: string;
  /** kafkajs, for limits and peers. */
  readonly client: Kafka;
  /** Makes an empty topic, on all brokers. An earlier one of that name is removed before. */
  topic(name: string): Promise<void>;
  /** Removes a topic. */
  drop(name: string): Promise<void>;
  /** Removes the topics that are left, and gives the cluster up. Idempotent. */
  close(): Promise<void>;
}

/** Every topic that is measured has so many. */
export const PARTITIONS = 6;

const ATTEMPTS = 200;
const PAUSE_MS = 50;

/** An embedded Kafka that keeps its data in `home`, or the one at KAFKA_BROKERS, which must have that many nodes. */
export async function openCluster(home: string, nodes: Nodes): Promise<Cluster> {
  const given = process.env['KAFKA_BROKERS']?.split(',');
  const own: RunningKafka | undefined = given ? undefined : await startKafka({ home, nodes });
  const brokers = given ?? own!.brokers;
  const client = new kafkajs.Kafka({ brokers, clientId: 'bench', logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const names = new Set<string>();
  const drop = async (name: string): Promise<void> => {
    names.delete(name);
    if ((await admin.listTopics()).includes(name)) await admin.deleteTopics({ topics: [name] });
    await until(async () => !(await admin.listTopics()).includes(name), `topic ${name} is gone`);
  };
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    for (const name of names) await drop(name).catch(() => {}); // the cluster may be gone, when the run was interrupted
    await admin.disconnect();
    await own?.stop();
  };
  return {
    nodes,
    brokers,
    description: `Kafka: ${nodes === 1 ? 'one node' : 'three nodes, each topic on all, two acknowledge'}, ${PARTITIONS} partitions, acks all (a broker acknowledges before it flushes)`,
    client,
    async topic(name) {
      await drop(name);
      names.add(name);
      await until(() => made(admin, name, nodes), `topic ${name} is there`);
    },
    drop,
    close: () => (closed ??= close()),
  };
}

async function made(admin: Admin, topic: string, replicationFactor: number): Promise<boolean> {
  await admin.createTopics({
    topics: [{ topic, numPartitions: PARTITIONS, replicationFactor }],
    waitForLeaders: false,
  });
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics.every(
    ({ partitions }) => partitions.length === PARTITIONS && partitions.every((each) => each.leader >= 0),
  );
}

/** Asks again and again; an error counts as a no, but for the last. */
async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (await holds()) return;
      if (attempt >= ATTEMPTS) throw new Error(`Kafka did not do it: ${what}`);
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
