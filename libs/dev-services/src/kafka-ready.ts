import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka, Producer } from 'kafkajs';
import { DevServiceError } from './errors.js';
import { answers } from './ports.js';

/** A node that is to become ready. */
export interface Awaited {
  id: number;
  /** The port that its broker will open. */
  port: number;
}

/** Minutes, as a start of 2 s took 80 s beside a build that kept all processors busy. */
const limitMs = 240_000;
const tryMs = 15_000;
const pauseMs = 50;
const topic = '__logfold-ready';

/**
 * Waits until each of these nodes answers and knows all of them, and a transaction was committed through them.
 * An open port alone is not enough: the first transaction waits for topics of Kafka's own, which it makes.
 * It leaves one record in the topic `__logfold-ready`.
 *
 * @param check called now and then; to throw when waiting makes no sense any more
 * @throws DevServiceError `start-failed` after four minutes, with what was waited for
 */
export async function untilReady(nodes: readonly Awaited[], check: () => void): Promise<void> {
  const deadline = performance.now() + limitMs;
  const tries = nodes.map((node) => ({
    what: `node ${node.id} to answer and know all`,
    work: () => knowsAll(node, nodes),
  }));
  for (const { what, work } of [...tries, { what: 'a transaction to be committed', work: () => commitOne(nodes) }]) {
    for (;;) {
      check();
      const reason = await failure(work);
      if (reason === undefined) break;
      if (performance.now() > deadline) {
        throw new DevServiceError(
          'start-failed',
          `Kafka is not ready after ${limitMs / 1_000} s: waits for ${what} (${reason})`,
        );
      }
      await sleep(pauseMs);
    }
  }
}

async function failure(work: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function knowsAll(node: Awaited, nodes: readonly Awaited[]): Promise<string | undefined> {
  if (!(await answers(node.port))) return `port ${node.port} is not open`;
  return withClient(
    [node],
    (kafka) => kafka.admin(),
    async (admin) => {
      const known = (await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId);
      const unknown = nodes.filter(({ id }) => !known.includes(id));
      return unknown.length > 0 ? `it does not know ${unknown.map(({ id }) => id).join(', ')}` : undefined;
    },
  );
}

async function commitOne(nodes: readonly Awaited[]): Promise<undefined> {
  await withClient(
    nodes,
    (kafka) => kafka.admin(),
    (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }),
  );
  const { Partitioners } = await import('kafkajs');
  const options = {
    transactionalId: `logfold-ready-${randomUUID()}`,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 20 },
  };
  await withClient(
    nodes,
    (kafka) => kafka.producer(options),
    async (producer) => {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value: 'ready' }] });
      await transaction.commit();
    },
  );
}

/** Gives `work` a connected client of its own, and not for ever: kafkajs may hang on a connection that died half. */
async function withClient<C extends Admin | Producer, T>(
  nodes: readonly Awaited[],
  make: (kafka: Kafka) => C,
  work: (client: C) => Promise<T>,
): Promise<T> {
  const { Kafka, logLevel } = await import('kafkajs'); // here, as who wants no Kafka need not load it
  const client = make(
    new Kafka({
      clientId: 'logfold-ready',
      brokers: nodes.map(({ port }) => `127.0.0.1:${port}`),
      connectionTimeout: 5_000,
      requestTimeout: 10_000,
      retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 5 },
      logLevel: logLevel.NOTHING,
    }),
  );
  const done = new AbortController();
  const late = sleep(tryMs, undefined, { signal: done.signal }).then(() => {
    throw new DevServiceError('start-failed', `no answer within ${tryMs / 1_000} s`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([client.connect().then(() => work(client)), late]);
  } finally {
    await Promise.race([client.disconnect(), late]).catch(() => {});
    done.abort();
  }
}
