import { ROOT_CONTEXT, SpanKind, type Tracer } from '@opentelemetry/api';
import type { Publisher, PublisherSession, TopicRecord, Topics } from '@logfold/core';
import type { Instruments } from './instruments.js';
import { childOf, distinct, errorType, failed, linksTo } from './spans.js';
import { extracted } from './trace-context.js';

/** A span for each transaction of the relay, linked to what made its events; their own contexts go into the records unchanged. */
export function tracedTopics(topics: Topics, service: string, tracer: Tracer, instruments: Instruments): Topics {
  const { publisher } = topics;
  if (!publisher) return topics;
  return { publisher: traced(publisher, service, tracer, instruments), source: (topic) => topics.source(topic) };
}

const messaging = {
  'messaging.system': 'kafka',
  'messaging.operation.name': 'send',
  'messaging.operation.type': 'send',
};

function traced(publisher: Publisher, service: string, tracer: Tracer, instruments: Instruments): Publisher {
  const { relaySessions, sent, sendDuration } = instruments;
  const about = { ...messaging, 'logfold.service': service };

  async function publish(session: PublisherSession, records: readonly TopicRecord[]): Promise<number> {
    const begun = performance.now();
    let count = records.length;
    let error: unknown;
    try {
      count = await session.publish(records);
      for (const [topic, group] of Map.groupBy(records.slice(0, count), ({ event }) => event.topic))
        sent.add(group.length, { ...about, 'messaging.destination.name': topic });
      return count;
    } catch (thrown) {
      error = thrown;
      throw thrown;
    } finally {
      const outcome = error === undefined ? about : { ...about, 'error.type': errorType(error) };
      sendDuration.record((performance.now() - begun) / 1_000, outcome);
      told(records.slice(0, count), begun, error);
    }
  }

  /** Made when it is over: how many records fit into the transaction is not known before. */
  function told(records: readonly TopicRecord[], begun: number, error: unknown): void {
    const origins = distinct(records.map(({ event }) => extracted(event.metadata)));
    const within = origins.length === 1 ? childOf(origins[0]!) : ROOT_CONTEXT;
    const names = [...new Set(records.map(({ event }) => event.topic))];
    const attributes = {
      ...about,
      'messaging.batch.message_count': records.length,
      ...(names.length === 1 ? { 'messaging.destination.name': names[0]! } : { 'logfold.topics': names }),
    };
    const name = names.length === 1 ? `send ${names[0]}` : 'send';
    const startTime = performance.timeOrigin + begun;
    const links = origins.length === 1 ? [] : linksTo(origins);
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes, links, startTime }, within);
    if (error !== undefined) failed(span, error);
    span.end();
  }

  return {
    async begin(options) {
      const session = await publisher.begin(options);
      relaySessions.add(1, { 'logfold.service': service });
      return {
        partitions: session.partitions,
        publish: (records) => publish(session, records),
        recordsBehind: (topic, partition, position) => session.recordsBehind(topic, partition, position),
        close: () => session.close(),
      };
    },
  };
}
