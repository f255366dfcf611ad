import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, faultProxy } from '@logfold/testing';
import { build } from './support/child.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';
import { plainKafka, rawMessages } from './support/topics/committed-records.js';
import { topicsOf } from './support/topics/dump.js';
import { PATIENCE, SOME, withWorld, type World } from './support/topics/world.js';

const LONG_MS = 180_000;
let brokers: readonly string[];

beforeAll(async () => {
  build('libs/kafka', 'libs/postgres', 'libs/testing');
  ({ brokers } = await testKafka(1));
}, testKafkaTimeoutMs);

describe('An event that cannot be handled', () => {
  test(
    'makes its key wait, in order, while all others flow; a redrive under load handles the key in order',
    () =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        world.startEcho({}, { poison: [7, 20] });
        await eventually(async () => expect((await world.people.parked.list()).length).toBeGreaterThan(2), PATIENCE);
        const keys = (await world.people.parked.list()).map(({ key }) => key);
        await world.heardMore();
        expect(await heardOf(world, keys)).toBe(0);
        expect((await world.people.parked.list()).every(({ error }) => error.includes('is poison'))).toBe(true);

        world.cure();
        await request(world, 'redrive');
        await eventually(async () => expect((await world.counts()).parked).toBe(0), PATIENCE);
        await world.settled(mill);
        const history = await world.people.parked.history();
        expect(history.length).toBeGreaterThanOrEqual(keys.length);
        expect(history.filter(({ outcome }) => !/^drained \d+$/.test(String(outcome)))).toEqual([]);
      }),
    LONG_MS,
  );

  test(
    'is given up by a skip, which takes exactly one and says who did it and why',
    () =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        world.startEcho({}, { poison: [7] });
        await eventually(async () => expect((await world.people.parked.list()).length).toBeGreaterThan(2), PATIENCE);
        const [chosen] = await world.people.parked.list();
        const { subscription, source, key, position } = chosen!;
        const [skipped] = await world.sql<{ id: string }[]>`
          SELECT id FROM ${world.sql(world.mill)}.events WHERE position = ${String(position)}`;
        await world.people.parked.request({ subscription, source }, { action: 'skip', key, who: 'ada', why: 'a typo' });
        await eventually(async () => {
          const [one] = await world.people.parked.history();
          expect(one).toMatchObject({
            who: 'ada',
            why: 'a typo',
            outcome: `skipped BagFilled at position ${position}`,
          });
        }, PATIENCE);
        await request(world, 'redrive'); // of that key: what stood behind; of the others: they are still poison
        await eventually(async () => {
          const left = await world.people.parked.list();
          expect(left.map((parked) => parked.key)).not.toContain(key);
          expect(left.length).toBeGreaterThan(0);
        }, PATIENCE);
        world.cure();
        await request(world, 'redrive');
        await eventually(async () => expect((await world.counts()).parked).toBe(0), PATIENCE);
        await world.grown(SOME);
        await world.quiet(mill);
        await world.inStep({ skipped: 1 });
        await world.check({ skipped: [skipped!.id] });
      }),
    LONG_MS,
  );

  test(
    'because the database is gone is not parked, but tried again',
    () =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        const echo = world.startEcho({}, { slowMs: 5 });
        const lost = (): number => echo.lines.filter((line) => /hear.*database-unavailable/.test(line)).length;
        await eventually(async () => {
          await world.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                           WHERE application_name = ${`logfold ${world.echo} work`} AND state <> 'idle'`;
          expect(lost()).toBeGreaterThan(10); // more often than an event is tried
        }, PATIENCE);
        await world.settled(mill);
        expect((await world.counts()).parked).toBe(0);
        expect(echo.lines.filter((line) => line.startsWith('parked'))).toEqual([]);
      }),
    LONG_MS,
  );
});

describe('A subscription', () => {
  test(
    'whose COMMIT is not answered, again and again, handles everything once',
    () =>
      withWorld(brokers, async (world) => {
        const { hostname: host, port } = new URL(world.url);
        const proxy = await faultProxy({ host, port: Number(port) });
        const url = Object.assign(new URL(world.url), { hostname: proxy.host, port: String(proxy.port) }).href;
        const mill = world.startMill();
        const echo = world.startEcho({}, { url });
        for (let round = 0; round < 5; round++) {
          await world.heardMore();
          let committing = false;
          proxy.onToServer(
            (bytes) => bytes.includes('COMMIT'),
            () => {
              committing = true;
              proxy.dropToClient();
            },
          );
          await eventually(async () => {
            expect(committing).toBe(true);
            const busy = await world.sql`SELECT FROM pg_stat_activity
               WHERE application_name LIKE ${`logfold ${world.echo} %`} AND state = 'active' AND query = 'COMMIT'`;
            expect(busy.length).toBe(0);
          }, PATIENCE);
          proxy.cut();
          proxy.stopDropping();
        }
        await world.settled(mill);
        expect(echo.lines.join('\n')).toContain('database-unavailable');
        await echo.end();
        await proxy.close();
      }),
    LONG_MS,
  );

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    "moves from the producer's log to Kafka and back under load, when it is stopped by %s",
    (signal) =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        for (const through of ['log', 'kafka', 'log', 'kafka']) {
          const echo = world.startEcho({}, { through });
          await world.heardMore();
          if (signal === 'SIGTERM') await world.stop(echo);
          else await echo.end(signal);
        }
        world.startEcho({}, { through: 'log' });
        await world.settled(mill);
      }),
    LONG_MS,
  );

  test(
    'does not heed the offsets of its group: set to 0 they make nothing happen twice',
    () =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        const echo = world.startEcho();
        await world.heardMore();
        const admin = plainKafka(brokers).admin();
        await admin.connect();
        const own = await eventually(async () => {
          const { groups } = await admin.listGroups();
          const found = groups.filter(({ groupId }) => groupId.startsWith(world.echo));
          expect(found.length).toBeGreaterThanOrEqual(4); // a read model and a reaction, two topics each
          return found;
        }, PATIENCE);
        await world.stop(echo);
        await Promise.all(
          own.flatMap(({ groupId }) =>
            topicsOf(world.mill)
              .filter(({ name }) => groupId.endsWith(name))
              .map(({ name, partitions }) => {
                const offsets = Array.from({ length: partitions }, (_, partition) => ({ partition, offset: '0' }));
                return admin.setOffsets({ groupId, topic: name, partitions: offsets });
              }),
          ),
        );
        await admin.disconnect();
        world.startEcho();
        await world.settled(mill);
      }),
    LONG_MS,
  );

  test(
    'handles nothing twice, and nothing foreign, when another producer writes copies and rubbish into its topic',
    () =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        world.startEcho();
        const producer = plainKafka(brokers).producer();
        await producer.connect();
        let written = 0;
        for (const { name } of topicsOf(world.mill)) {
          await world.heardMore();
          const copies = (await rawMessages(brokers, name)).filter(({ message }) => message.headers?.['ce_id']);
          for (const { partition, message } of copies.slice(0, 50)) {
            const { key, value, headers } = message;
            const { ce_logid: _, ...nameless } = headers!;
            const another = { ...headers, ce_logid: '00000000-0000-7000-8000-000000000000' };
            const messages = [headers!, nameless, another].map((each) => ({ key, value, headers: each, partition }));
            await producer.send({ topic: name, messages: [...messages, { key, value: 'rubbish', partition }] });
            written += messages.length + 1;
          }
        }
        await producer.disconnect();
        expect(written).toBeGreaterThan(200);
        await world.grown(SOME);
        await world.quiet(mill);
        await world.inStep();
        await world.check({ topics: false });
      }),
    LONG_MS,
  );

  test(
    "that retention has overtaken says so, and goes on from the producer's log",
    () =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        const before = world.startEcho();
        await world.heardMore();
        await before.end('SIGKILL');
        await world.grown(4 * SOME);
        await world.quiet(mill);
        await cutOff(world);
        const echo = world.startEcho();
        await eventually(() => expect(echo.lines.join('\n')).toMatch(/failed hear.* topic-gap/), PATIENCE);
        expect(echo.lines.find((line) => line.includes('topic-gap'))).toMatch(
          /handled up to position \d+.*follows \d+/,
        );
        await echo.end('SIGKILL');
        world.startEcho({}, { heal: true });
        await world.inStep();
        await world.check({ topics: false });
      }),
    LONG_MS,
  );
});

/** How many events of these keys were handled behind one that is parked. */
async function heardOf({ sql, echo }: World, keys: readonly string[]): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM ${sql(echo)}.events e JOIN ${sql(echo)}.parked p ON p.key = e.data->>'key'
     WHERE e.type = 'Heard' AND p.key IN ${sql(keys)} AND (e.data->>'position')::bigint >= p.position`;
  return row!.n;
}

async function request({ people }: World, action: 'redrive' | 'skip'): Promise<void> {
  for (const { subscription, source, key } of await people.parked.list())
    await people.parked.request({ subscription, source }, { action, key, who: 'a test', why: 'it may work now' });
}

/** Removes all that stands in the topics: the disk was full, say. */
async function cutOff({ mill }: World): Promise<void> {
  const admin = plainKafka(brokers).admin();
  await admin.connect();
  for (const { name } of topicsOf(mill)) {
    const ends = await admin.fetchTopicOffsets(name);
    const partitions = ends
      .filter(({ high }) => BigInt(high) > 3n)
      .map(({ partition, high }) => ({ partition, offset: String(BigInt(high) - 3n) })); // the last record and markers stay
    await admin.deleteTopicRecords({ topic: name, partitions });
  }
  await admin.disconnect();
}
