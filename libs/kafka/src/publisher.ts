import { BrokerUnavailable, BrokerUnsuitable, failpoint, PublishFailed, type Publisher } from '@logfold/core';
import { BatchCaps } from './batch-caps.js';
import type { KafkaCode, KafkaDriver, ProducerEpoch, TopicPartition } from './driver.js';
import { forbidden, isForbidden } from './forbidden.js';
import { kafkajsDriver } from './kafkajs-driver.js';
import { defaultLimits, type KafkaLimits } from './limits.js';
import type { KafkaOptions } from './options.js';
import { pause } from './pause.js';
import { TransactionalSender } from './sender.js';
import { KafkaSession } from './session.js';
import { settledOffsets } from './stuck.js';
import { readTails } from './tails.js';
import { ensureTopics } from './topic-admin.js';
import { TransactionRoom } from './transaction-room.js';

type BeginOptions = Parameters<Publisher['begin']>[0];

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 250;

/** After these the brokers will answer otherwise soon: they are ending the session before, or changing places. */
const soonBetter: ReadonlySet<KafkaCode> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
]);

/**
 * Sends a log's events to Kafka, exactly once. The transactional id is `<log name>-relay`: brokers let only the latest
 * session with it send.
 * @param driver opens the connections of one session.
 */
export function kafkaPublisher(
  options: KafkaOptions,
  limits: KafkaLimits = defaultLimits,
  driver: (options: KafkaOptions, limits: KafkaLimits) => KafkaDriver = kafkajsDriver,
): Publisher {
  const caps = new BatchCaps();
  const room = new TransactionRoom();
  const rules = { create: options.createTopics ?? true, warn: onceEach(options.onWarning ?? (() => {})) };
  return {
    async begin(begin) {
      const { log, topics, signal } = begin;
      const kafka = driver(options, limits);
      const stop = (): void => kafka.close();
      signal.addEventListener('abort', stop, { once: true });
      try {
        caps.begin(await ensureTopics(kafka, topics, rules, limits));
        const epoch = await endEarlierSessions(kafka, begin, limits);
        await failpoint('relay.after-init');
        const sender = new TransactionalSender(
          kafka,
          epoch,
          topics.map(({ name }) => name),
          limits,
        );
        const partitions = topics.flatMap(({ name: topic, partitions: count }) =>
          Array.from({ length: count }, (_, partition): TopicPartition => ({ topic, partition })),
        );
        const ends = await settledOffsets(kafka, sender, partitions, limits, signal);
        const tails = await readTails(kafka, partitions, ends, limits.beginMs, signal);
        await failpoint('relay.after-tails');
        const states = new Set(topics.filter(({ compacted }) => compacted).map(({ name }) => name));
        return new KafkaSession(kafka, sender, log, caps, room, limits, states, tails);
      } catch (error) {
        kafka.close();
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}

/**
 * A new producer epoch: what an earlier one still sends is refused from now on, and its open transaction is aborted
 * before this resolves. Each attempt ends whoever holds the id then, hence the question before each.
 */
async function endEarlierSessions(
  kafka: KafkaDriver,
  { log, mayBegin, signal }: BeginOptions,
  limits: KafkaLimits,
): Promise<ProducerEpoch> {
  const transactionalId = `${log.name}-relay`;
  const deadline = performance.now() + limits.beginMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    if (signal.aborted || !(await mayBegin()))
      throw new PublishFailed(`Another process sends the events of "${log.name}" now`);
    let why: string;
    try {
      const { code, epoch } = await kafka.initProducerId(transactionalId, limits.transactionTimeoutMs);
      if (epoch) return epoch;
      if (!soonBetter.has(code)) throw refusal(transactionalId, code, limits);
      why = code;
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      why = error.message;
    }
    if (performance.now() > deadline)
      throw new BrokerUnavailable(`No session could be begun for "${transactionalId}" in ${limits.beginMs} ms: ${why}`);
    await pause(pauseMs, signal);
  }
}

function refusal(transactionalId: string, code: KafkaCode, { transactionTimeoutMs }: KafkaLimits): BrokerUnsuitable {
  if (isForbidden(code)) return forbidden('Write', `transactional id "${transactionalId}"`);
  if (code === 'INVALID_TRANSACTION_TIMEOUT')
    return new BrokerUnsuitable(
      `The brokers refuse transactions of ${transactionTimeoutMs} ms: raise their transaction.max.timeout.ms`,
    );
  return new BrokerUnsuitable(`The brokers refuse "${transactionalId}": ${code}`);
}

/** A warning is worth saying once, not at each session. */
function onceEach(warn: (warning: string) => void): (warning: string) => void {
  const said = new Set<string>();
  return (warning) => {
    if (said.has(warning)) return;
    said.add(warning);
    warn(warning);
  };
}
