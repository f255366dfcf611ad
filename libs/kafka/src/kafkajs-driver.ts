import { BrokerUnavailable } from '@logfold/core';
import type { BrokerLink } from './broker-link.js';
import { BrokerLinks } from './broker-links.js';
import {
  nameOf,
  type Fetched,
  type KafkaCode,
  type KafkaDriver,
  type Metadata,
  type NewTopic,
  type Offsets,
  type ProducerEpoch,
  type TopicPartition,
} from './driver.js';
import { kafkajsInternals } from './kafkajs-internals.js';
import { defaultLimits, type KafkaLimits } from './limits.js';
import type { KafkaOptions } from './options.js';

const GROUP_COORDINATOR = 0;
const TRANSACTION_COORDINATOR = 1;
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
const LATEST = '-1';
const EARLIEST = '-2';
const TOPIC_RESOURCE = 2;
const BROKER_RESOURCE = 4;
const ALL_REPLICAS = -1;

/**
 * Kafka through the connections and the protocol of kafkajs. Nothing of what lies above them is used, so nothing is
 * sent twice or later than we know of.
 * @throws BrokerUnsuitable when another version of kafkajs is installed.
 */
export function kafkajsDriver(options: KafkaOptions, limits: KafkaLimits = defaultLimits): KafkaDriver {
  const internals = kafkajsInternals();
  const links = new BrokerLinks(internals, options, limits);
  const codeOf = (code: number): KafkaCode => internals.codes.get(code) ?? (code === 0 ? 'NONE' : `CODE_${code}`);
  let coordinator: number | undefined;

  const atCoordinator = (): BrokerLink => {
    if (coordinator === undefined) throw new BrokerUnavailable('The transaction coordinator is not known yet');
    return links.node(coordinator);
  };

  return {
    async initProducerId(transactionalId, transactionTimeout) {
      const found = await links.call('GroupCoordinator', {
        groupId: transactionalId,
        coordinatorType: TRANSACTION_COORDINATOR,
      });
      if (found.errorCode !== 0) return { code: codeOf(found.errorCode) };
      const { nodeId: node, host, port } = found.coordinator;
      links.learn([{ node, address: `${host}:${port}` }]);
      coordinator = node;
      const args = { transactionalId, transactionTimeout };
      const made = await links.node(node).call('InitProducerId', args, limits.commitMs);
      if (made.errorCode !== 0) return { code: codeOf(made.errorCode) };
      const epoch = { transactionalId, producerId: BigInt(made.producerId), producerEpoch: made.producerEpoch };
      return { code: 'NONE', epoch };
    },

    async addPartitionsToTxn(epoch, partitions) {
      const args = { ...inProtocol(epoch), topics: byTopic(partitions, ({ partition }) => partition) };
      const { errors } = await atCoordinator().call('AddPartitionsToTxn', args, limits.requestMs);
      const codes = (errors as { partitionErrors: { errorCode: number }[] }[])
        .flatMap(({ partitionErrors }) => partitionErrors.map(({ errorCode }) => codeOf(errorCode)))
        .filter((code) => code !== 'NONE');
      // one bad partition leaves the others unattempted: its code is the one that tells
      return codes.find((code) => code !== 'OPERATION_NOT_ATTEMPTED') ?? codes[0] ?? 'NONE';
    },

    async produce(leader, { transactionalId }, batches) {
      const topics = byTopic(batches, (batch) => batch);
      const size = batches.reduce((sum, { bytes }) => sum + bytes.length, 1_024 * (1 + batches.length));
      const encode = async () => {
        const encoder = new internals.Encoder(size);
        encoder
          .writeString(transactionalId)
          .writeInt16(ALL_REPLICAS)
          .writeInt32(limits.produceMs - 500);
        encoder.writeInt32(topics.length);
        for (const { topic, partitions } of topics) {
          encoder.writeString(topic).writeInt32(partitions.length);
          for (const { partition, bytes } of partitions) encoder.writeInt32(partition).writeBytes(bytes);
        }
        return encoder;
      };
      const answer = await links
        .node(leader)
        .call('Produce', { acks: ALL_REPLICAS, topicData: [] }, limits.produceMs, encode);
      return eachPartition<{ errorCode: number }, KafkaCode>(answer.topics, ({ errorCode }) => codeOf(errorCode));
    },

    async endTxn(epoch) {
      const args = { ...inProtocol(epoch), transactionResult: true };
      const { errorCode } = await atCoordinator().call('EndTxn', args, limits.commitMs);
      return codeOf(errorCode);
    },

    async metadata(topics) {
      const answer = await links.call('Metadata', { topics, allowAutoTopicCreation: false });
      const metadata: Metadata = {
        brokers: answer.brokers.map(({ nodeId: node, host, port }: any) => ({ node, address: `${host}:${port}` })),
        controller: answer.controllerId,
        topics: answer.topicMetadata.map(({ topic, topicErrorCode, partitionMetadata }: any) => ({
          topic,
          code: codeOf(topicErrorCode),
          partitions: partitionMetadata.map(({ partitionId: partition, leader, replicas }: any) => ({
            partition,
            leader,
            replicas: replicas.length,
          })),
        })),
      };
      links.learn(metadata.brokers);
      return metadata;
    },

    async groupCoordinator(groupId) {
      const found = await links.call('GroupCoordinator', { groupId, coordinatorType: GROUP_COORDINATOR });
      return codeOf(found.errorCode);
    },

    async offsets(leader, partitions) {
      const link = links.node(leader);
      const list = async (isolationLevel: number, timestamp: string) => {
        const topics = byTopic(partitions, ({ partition }) => ({ partition, timestamp }));
        const { responses } = await link.call('ListOffsets', { isolationLevel, topics }, limits.requestMs);
        return eachPartition<{ errorCode: number; offset: string }, [KafkaCode, bigint]>(
          responses,
          ({ errorCode, offset }) => [codeOf(errorCode), BigInt(offset)],
        );
      };
      const start = await list(READ_UNCOMMITTED, EARLIEST);
      const end = await list(READ_UNCOMMITTED, LATEST);
      const stable = await list(READ_COMMITTED, LATEST);
      const result = new Map<string, Offsets | { readonly code: KafkaCode }>();
      for (const name of partitions.map(nameOf)) {
        const found = [start, end, stable].map((each) => each.get(name) ?? (['NO_ANSWER', -1n] as const));
        const bad = found.find(([code]) => code !== 'NONE');
        const [first, last, open] = found.map(([, offset]) => offset);
        result.set(name, bad ? { code: bad[0] } : { start: first!, end: last!, stable: open! });
      }
      return result;
    },

    async fetch(leader, from, maxBytes) {
      const topics = byTopic(from, ({ partition, offset }) => ({ partition, fetchOffset: String(offset), maxBytes }));
      const args = { isolationLevel: READ_COMMITTED, maxWaitTime: 0, minBytes: 0, maxBytes: 8 * maxBytes, topics };
      const { responses } = await links.node(leader).call('Fetch', args, limits.requestMs);
      return (responses as { topicName: string; partitions: any[] }[]).flatMap(({ topicName: topic, partitions }) =>
        partitions.map(({ partition, errorCode, messages, abortedTransactions }): Fetched => ({
          topic,
          partition,
          code: codeOf(errorCode),
          records: messages,
          aborted: abortedTransactions ?? [],
        })),
      );
    },

    produceVersion: () => links.any((link) => link.version('Produce')),

    async createTopic({ topic, partitions, replicas, settings }: NewTopic) {
      const { controller } = await this.metadata([topic]);
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      const made = { topic, numPartitions: partitions, replicationFactor: replicas, configEntries };
      const args = { topics: [made], timeout: limits.requestMs };
      const { topicErrors } = await links.node(controller).call('CreateTopics', args, limits.commitMs);
      const [{ errorCode, errorMessage }] = topicErrors;
      return { code: codeOf(errorCode), message: errorMessage ?? undefined };
    },

    async settings(of, names) {
      const resources =
        'topics' in of
          ? of.topics.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: names }))
          : [{ type: BROKER_RESOURCE, name: String(of.broker), configNames: names }];
      const args = { resources, includeSynonyms: false };
      const answer =
        'topics' in of
          ? await links.call('DescribeConfigs', args)
          : await links.node(of.broker).call('DescribeConfigs', args, limits.requestMs);
      return new Map(
        (answer.resources as { errorCode: number; resourceName: string; configEntries: any[] }[])
          .filter(({ errorCode }) => errorCode === 0)
          .map(({ resourceName, configEntries }) => [
            resourceName,
            new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
          ]),
      );
    },

    close: () => links.close(),
  };
}

function inProtocol({ transactionalId, producerId, producerEpoch }: ProducerEpoch) {
  return { transactionalId, producerId: String(producerId), producerEpoch };
}

/** Grouped as the protocol wants it. */
function byTopic<P extends TopicPartition, R>(partitions: readonly P[], as: (partition: P) => R) {
  const topics = new Map<string, R[]>();
  for (const each of partitions) {
    const list = topics.get(each.topic);
    if (list) list.push(as(each));
    else topics.set(each.topic, [as(each)]);
  }
  return [...topics].map(([topic, list]) => ({ topic, partitions: list }));
}

/** What an answer says of each partition, by `nameOf`. */
function eachPartition<P, R>(
  topics: readonly { topic?: string; topicName?: string; partitions: (P & { partition: number })[] }[],
  as: (partition: P) => R,
): Map<string, R> {
  const result = new Map<string, R>();
  for (const { topic, topicName, partitions } of topics)
    for (const each of partitions)
      result.set(nameOf({ topic: (topic ?? topicName)!, partition: each.partition }), as(each));
  return result;
}
