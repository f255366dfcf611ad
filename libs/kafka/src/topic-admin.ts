import {
  BrokerUnavailable,
  BrokerUnsuitable,
  EVENT_SIZE_LIMIT_BYTES,
  TopicUnsuitable,
  type TopicDeclaration,
} from '@logfold/core';
import type { KafkaDriver, Metadata, NewTopic, TopicMetadata } from './driver.js';
import { forbidden, isForbidden } from './forbidden.js';
import type { KafkaLimits } from './limits.js';
import { pause } from './pause.js';

/** How topics are looked after. */
export interface TopicRules {
  /** False: a missing topic is an error. */
  readonly create: boolean;
  readonly warn: (warning: string) => void;
}

/** Kafka 3.7: from there on brokers verify that a record belongs to an open transaction, also for clients like ours. */
const OLDEST_PRODUCE_VERSION = 10;
const VERIFICATION = 'transaction.partition.verification.enable';
/** What headers may need besides the event. */
const HEADERS_BYTES = 8 * 1024;
const NEEDED_BYTES = EVENT_SIZE_LIMIT_BYTES + HEADERS_BYTES;
const REPLICAS = 3;
const POLL_MS = 20;
const SETTINGS = [
  'max.message.bytes',
  'cleanup.policy',
  'retention.ms',
  'retention.bytes',
  'delete.retention.ms',
  'compression.type',
];
/** How long the broker keeps what it knows of a deleted row: a hundred years, for a reader that misses it keeps the row. */
const TOMBSTONES_MS = 3_153_600_000_000;
const readableCompression: ReadonlySet<string> = new Set(['producer', 'uncompressed', 'gzip']);

/** Refuses brokers that cannot be sent to exactly once. @throws BrokerUnsuitable, BrokerUnavailable */
export async function checkBrokers(driver: KafkaDriver, { brokers }: Pick<Metadata, 'brokers'>): Promise<void> {
  const version = await driver.produceVersion();
  if (version < OLDEST_PRODUCE_VERSION)
    throw new BrokerUnsuitable(
      `The brokers are older than Kafka 3.7 (Produce version ${version}, needed: ${OLDEST_PRODUCE_VERSION}): upgrade them`,
    );
  for (const { node, address } of brokers)
    if ((await ownSetting(driver, node, VERIFICATION)) === 'false')
      throw new BrokerUnsuitable(
        `Broker ${address} is set to ${VERIFICATION}=false: a late request could end up in the wrong transaction; set it to true`,
      );
}

/** Only a broker itself can say; one that is away, or does not let us ask, is not judged. */
async function ownSetting(driver: KafkaDriver, broker: number, name: string): Promise<string | undefined> {
  try {
    const settings = await driver.settings({ broker }, [name]);
    return settings.get(String(broker))?.get(name);
  } catch (error) {
    if (error instanceof BrokerUnavailable) return undefined;
    throw error;
  }
}

/**
 * Makes the declared topics that are missing, and checks the others.
 * @returns the largest batch that each topic takes, in bytes.
 * @throws TopicUnsuitable, BrokerUnsuitable, BrokerUnavailable
 */
export async function ensureTopics(
  driver: KafkaDriver,
  declared: readonly TopicDeclaration[],
  rules: TopicRules,
  limits: KafkaLimits,
): Promise<ReadonlyMap<string, number>> {
  if (declared.length === 0) return new Map();
  const names = declared.map(({ name }) => name);
  const metadata = await driver.metadata(names);
  await checkBrokers(driver, metadata);
  for (const topic of declared) {
    const found = metadata.topics.find((each) => each.topic === topic.name);
    if (!found || found.code === 'UNKNOWN_TOPIC_OR_PARTITION') await create(driver, topic, metadata, rules);
    else refuseCode(found);
  }
  const ready = await untilLed(driver, declared, limits);
  for (const topic of declared) {
    checkPartitions(topic, ready.get(topic.name)!, rules);
    checkReplicas(ready.get(topic.name)!, metadata.brokers.length, rules);
  }
  const settings = await driver.settings({ topics: names }, SETTINGS);
  return new Map(declared.map((topic) => [topic.name, checkSettings(topic, settings.get(topic.name), rules)]));
}

async function create(
  driver: KafkaDriver,
  topic: TopicDeclaration,
  metadata: Metadata,
  rules: TopicRules,
): Promise<void> {
  const { brokers } = metadata;
  const replicas = Math.min(REPLICAS, Math.max(1, brokers.length));
  const made: NewTopic = {
    topic: topic.name,
    partitions: topic.partitions,
    replicas,
    settings: {
      ...(topic.compacted
        ? { 'cleanup.policy': 'compact', 'delete.retention.ms': String(TOMBSTONES_MS) }
        : { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }),
      'min.insync.replicas': replicas > 1 ? '2' : '1', // an event that is acknowledged outlives a broker
      'unclean.leader.election.enable': 'false',
    },
  };
  if (!rules.create)
    throw new TopicUnsuitable(topic.name, `does not exist. Make it: ${command(made, brokers[0]?.address)}`);
  if (replicas < REPLICAS)
    rules.warn(
      `Topic "${topic.name}" is made with ${replicas === 1 ? 'one replica' : `${replicas} replicas`}, as so many brokers answer: ` +
        'three keep events safe while one of them is away',
    );
  const { code, message } = await driver.createTopic(made);
  if (code === 'NONE' || code === 'TOPIC_ALREADY_EXISTS') return; // another process was faster
  if (isForbidden(code))
    throw forbidden('Create', `topic "${topic.name}"`, `, or make it: ${command(made, brokers[0]?.address)}`);
  if (code === 'NOT_CONTROLLER' || code === 'REQUEST_TIMED_OUT')
    throw new BrokerUnavailable(`Topic "${topic.name}" could not be made now: ${code}`);
  throw new TopicUnsuitable(topic.name, `cannot be made: ${code}${message ? ` (${message})` : ''}`);
}

function command({ topic, partitions, replicas, settings }: NewTopic, broker = 'HOST:PORT'): string {
  const config = Object.entries(settings).map(([name, value]) => ` --config ${name}=${value}`);
  return (
    `kafka-topics --bootstrap-server ${broker} --create --topic ${topic} --partitions ${partitions} ` +
    `--replication-factor ${replicas}${config.join('')}`
  );
}

/** A new topic is known everywhere, and has leaders, a moment later. */
async function untilLed(
  driver: KafkaDriver,
  declared: readonly TopicDeclaration[],
  limits: KafkaLimits,
): Promise<ReadonlyMap<string, TopicMetadata>> {
  const deadline = performance.now() + limits.requestMs;
  for (;;) {
    const { topics } = await driver.metadata(declared.map(({ name }) => name));
    const found = new Map(topics.map((topic) => [topic.topic, topic]));
    const waiting = declared.find(({ name }) => {
      const topic = found.get(name);
      return !topic || topic.code !== 'NONE' || topic.partitions.some(({ leader }) => leader < 0);
    });
    if (!waiting) return found;
    if (performance.now() > deadline) {
      const code = found.get(waiting.name)?.code;
      throw new BrokerUnavailable(
        `Topic "${waiting.name}" has partitions without a leader${code && code !== 'NONE' ? ` (${code})` : ''}`,
      );
    }
    await pause(POLL_MS);
  }
}

function refuseCode({ topic, code }: TopicMetadata): void {
  if (isForbidden(code)) throw forbidden('Write', `topic "${topic}"`, ', and Read');
  if (code === 'INVALID_TOPIC_EXCEPTION') throw new TopicUnsuitable(topic, 'has a name that Kafka does not take');
}

function checkPartitions({ name, partitions }: TopicDeclaration, found: TopicMetadata, rules: TopicRules): void {
  const there = found.partitions.length;
  if (there < partitions)
    throw new TopicUnsuitable(
      name,
      `has ${there} partitions, declared are ${partitions}: declare ${there} while nothing was published yet, or add partitions`,
    );
  if (there > partitions)
    rules.warn(`Topic "${name}" has ${there} partitions, declared are ${partitions}: the others stay empty`);
}

/** A topic that was made while brokers were away, or before there were more, keeps what it has. */
function checkReplicas({ topic, partitions }: TopicMetadata, brokers: number, rules: TopicRules): void {
  const fewest = Math.min(...partitions.map(({ replicas }) => replicas));
  if (fewest < Math.min(REPLICAS, brokers))
    rules.warn(
      `Topic "${topic}" has partitions with ${fewest} of ${Math.min(REPLICAS, brokers)} replicas: events are lost with a disk; ` +
        'add replicas with kafka-reassign-partitions',
    );
}

/** The topic's largest batch. Settings that may not be read are not judged. */
function checkSettings(
  { name: topic, compacted }: TopicDeclaration,
  settings: ReadonlyMap<string, string> | undefined,
  rules: TopicRules,
): number {
  const largest = Number(settings?.get('max.message.bytes') ?? NEEDED_BYTES);
  if (largest < NEEDED_BYTES)
    throw new TopicUnsuitable(
      topic,
      `takes batches of ${largest} bytes, but an event may need ${NEEDED_BYTES}: ` +
        `kafka-configs --alter --topic ${topic} --add-config max.message.bytes=1048588`,
    );
  const policy = settings?.get('cleanup.policy');
  if (compacted && policy !== undefined && policy !== 'compact')
    throw new TopicUnsuitable(
      topic,
      `keeps the rows of a state, but its cleanup.policy is ${policy}, which removes rows: ` +
        `kafka-configs --alter --topic ${topic} --add-config cleanup.policy=compact`,
    );
  if (!compacted && policy?.includes('compact'))
    throw new TopicUnsuitable(topic, 'is compacted, which removes events: set cleanup.policy=delete');
  const compression = settings?.get('compression.type') ?? 'producer';
  if (!readableCompression.has(compression))
    throw new TopicUnsuitable(topic, `is compressed by the broker with ${compression}: set compression.type=producer`);
  const tombstonesMs = Number(settings?.get('delete.retention.ms') ?? TOMBSTONES_MS);
  if (compacted && tombstonesMs < TOMBSTONES_MS)
    rules.warn(
      `Topic "${topic}" has delete.retention.ms=${tombstonesMs}: a reader that stays away longer keeps rows that were deleted`,
    );
  for (const name of compacted ? [] : ['retention.ms', 'retention.bytes'])
    if (Number(settings?.get(name) ?? -1) >= 0)
      rules.warn(
        `Topic "${topic}" has ${name}=${settings!.get(name)}: a reader that stays away longer cannot catch up`,
      );
  return largest;
}
