import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster } from '../cluster.js';
import { openConnections } from '../connections.js';
import type { Bench } from '../measure.js';
import { line, LINES, metadata, type LineSold } from '../sales.js';
import { countdown } from '../topics.js';
import { messageOf } from './outgoing.js';

const MODULE = 'pg-transactional-outbox';
const AT_ONCE = 5;
const LOCK_MS = 5_000;
const POLL_MS = 500;

/** A message as it comes out of the outbox. */
interface Stored {
  readonly id: string;
  readonly segment: string;
  readonly payload: LineSold;
  readonly metadata: ReturnType<typeof metadata>;
}

/** Its name with its version. */
export function outboxName(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return `${MODULE} ${manifest.dependencies[MODULE]}`;
}

/**
 * Works through an outbox with its polling listener as it is set by default: in order in each stream, 5 messages at a time.
 * With 50 it was slower: it then runs into its own row locks, and leaves what it could not lock for 5 seconds.
 * (The listener on logical replication has a transaction for each message, too.)
 * @returns messages per second.
 */
export async function drainOutbox(
  { server }: Bench,
  { client }: Cluster,
  topic: string,
  count: number,
): Promise<number> {
  const url = await server.database('outbox');
  await fill(url, count);
  await server.settle();
  const { default: outbox } = await import(MODULE);
  const producer = client.producer();
  await producer.connect();
  const left = countdown(count);
  const config = {
    outboxOrInbox: 'outbox',
    dbListenerConfig: { connectionString: url },
    settings: {
      dbSchema: 'public',
      dbTable: 'outbox',
      nextMessagesFunctionSchema: 'public',
      nextMessagesFunctionName: 'next_outbox_messages',
      nextMessagesBatchSize: AT_ONCE,
      nextMessagesLockInMs: LOCK_MS,
      nextMessagesPollingIntervalInMs: POLL_MS,
      messageCleanupIntervalInMs: 0,
      enablePoisonousMessageProtection: false,
      enableMaxAttemptsProtection: false,
    },
  };
  const handler = {
    async handle({ id, segment, payload, metadata }: Stored): Promise<void> {
      await producer.send({ topic, acks: -1, messages: [messageOf({ id, key: segment, data: payload, metadata })] });
      left.take(1);
    },
  };
  const strategies = { batchSizeStrategy: async () => AT_ONCE };
  const started = performance.now();
  const [stop] = outbox.initializePollingMessageListener(config, handler, outbox.getDisabledLogger(), strategies);
  try {
    await left.done;
    return count / ((performance.now() - started) / 1_000);
  } finally {
    await stop();
    await producer.disconnect();
    await server.drop(url);
  }
}

async function fill(url: string, count: number): Promise<void> {
  const { default: outbox } = await import(MODULE);
  const { DatabaseSetup } = outbox;
  const setup = {
    outboxOrInbox: 'outbox',
    database: 'bench',
    schema: 'public',
    table: 'outbox',
    listenerRole: 'logfold',
    nextMessagesSchema: 'public',
    nextMessagesName: 'next_outbox_messages',
  };
  const sql = openConnections(url, 1);
  await sql.unsafe(DatabaseSetup.dropAndCreateTable(setup));
  await sql.unsafe(DatabaseSetup.createPollingFunction(setup));
  await sql.unsafe(DatabaseSetup.setupPollingIndexes(setup));
  const messages = Array.from({ length: count }, (_, index) => ({
    id: randomUUID(),
    aggregate_type: 'order',
    aggregate_id: `${Math.floor(index / LINES)}`,
    message_type: 'LineSold',
    segment: `order-${Math.floor(index / LINES)}`,
    payload: line(index),
    metadata: metadata(),
  }));
  await sql`
    INSERT INTO outbox (id, aggregate_type, aggregate_id, message_type, segment, payload, metadata)
    SELECT id, aggregate_type, aggregate_id, message_type, segment, payload, metadata
      FROM json_populate_recordset(null::outbox, ${JSON.stringify(messages)}::text::json)`;
  await sql`ANALYZE outbox`;
  await sql.end({ timeout: 5 });
}
