import { dirname } from 'node:path';
import postgres from 'postgres';
import { startKafka } from '@logfold/dev-services';

/** A Kafka that the test files of one run share. */
export interface TestKafka {
  /** `host:port` of each node. */
  brokers: string[];
}

/** The time limit of a `beforeAll` that calls {@link testKafka}: the first one fetches and starts it, perhaps on a busy machine. */
export const testKafkaTimeoutMs = 600_000;

/**
 * The run's Kafka of one node or three. The first test file of a run that asks starts it, the others get the same, in
 * some 0.2 s, and it ends with the run's Postgres, in whose home it is: nobody stops it. Topics have to have names of
 * their test file's own. A test that kills nodes starts a cluster for itself with `startKafka({ durable: false })`.
 * `KAFKA_BROKERS` names another to use, which must have that many nodes. Without a Kafka the tests fail; they are never skipped.
 */
export async function testKafka(nodes: 1 | 3 = 1): Promise<TestKafka> {
  const given = process.env['KAFKA_BROKERS'];
  if (given) return { brokers: given.split(',') };
  const { brokers } = await startKafka({ home: await homeOfTheRun(), nodes });
  return { brokers };
}

/** The directory of the run's servers, which is removed at its end with all that runs in it. */
async function homeOfTheRun(): Promise<string> {
  const url = process.env['LOGFOLD_TEST_POSTGRES'];
  if (!url) throw new Error('LOGFOLD_TEST_POSTGRES is not set: run the tests with "npm test"');
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    const [row] = await sql<{ data: string }[]>`SELECT current_setting('data_directory') AS data`;
    return dirname(dirname(row!.data));
  } finally {
    await sql.end({ timeout: 5 });
  }
}
