import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { PublishFailed, type Publisher, type TopicRecord } from '@logfold/core';
import { kafkaPublisher } from '../../src/publisher.js';
import { encodeRecord } from '../../src/record.js';

/**
 * What one would write with the public producer of kafkajs: `sendBatch` in transactions. On clusters of two brokers
 * and more it sends batches twice, and loses some, within transactions that it commits.
 */
export function stockPublisher(brokers: string[]): Publisher {
  const ours = kafkaPublisher({ brokers });
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, connectionTimeout: 3_000 });
  return {
    async begin(options) {
      const checked = await ours.begin(options);
      await checked.close();
      const producer = kafka.producer({
        transactionalId: `${options.log.name}-relay`,
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner: Partitioners.DefaultPartitioner,
        retry: { initialRetryTime: 1, maxRetryTime: 200, retries: 1_000 },
      });
      await producer.connect();
      return {
        partitions: checked.partitions,
        async publish(records) {
          try {
            const transaction = await producer.transaction();
            await transaction.sendBatch({ acks: -1, topicMessages: messagesOf(records) });
            await transaction.commit();
            return records.length;
          } catch (error) {
            throw new PublishFailed('The public producer failed', { cause: error });
          }
        },
        recordsBehind: (...of) => checked.recordsBehind(...of),
        close: () => producer.disconnect(),
      };
      function messagesOf(records: readonly TopicRecord[]) {
        const messages = records.map((record) => ({
          partition: record.partition,
          ...encodeRecord(record, options.log),
        }));
        return [{ topic: records[0]!.event.topic, messages }];
      }
    },
  };
}
