import { beforeAll, describe, expect, test } from '@jest/globals';
import { forkLog, republish, type RepairParts } from '@logfold/core';
import { kafkaPublisher } from '@logfold/kafka';
import { postgresDatabase } from '@logfold/postgres';
import { checkHistory, eventually } from '@logfold/testing';
import { build } from './support/child.js';
import { testDatabase } from './support/database.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';
import { committedRecords, plainKafka } from './support/topics/committed-records.js';
import { dumpOf, loggedEvents, topicsOf } from './support/topics/dump.js';
import { PATIENCE, SOME, withWorld, type World } from './support/topics/world.js';

const LONG_MS = 180_000;
let brokers: readonly string[];

beforeAll(async () => {
  build('libs/kafka', 'libs/postgres', 'libs/testing');
  ({ brokers } = await testKafka(1));
}, testKafkaTimeoutMs);

describe('A log that was restored from an older backup', () => {
  test.each([
    ['before anything is appended', false],
    ['also when it has gone on meanwhile', true],
  ])(
    'is not published, %s; after a fork it is, and no position means two events',
    (_, appends) =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        world.startEcho();
        await world.heardMore();
        const restore = await backup(world);
        await world.heardMore();
        await world.quiet(mill);
        await world.inStep();
        await world.stop(mill);
        const seen = await loggedEvents(world.sql, world.mill);
        const inTopics = await recordIds(world);
        await restore();

        const refused = world.startMill({}, { append: appends });
        await eventually(() => expect(refused.lines.join('\n')).toMatch(/failed relay log-behind-topic/), PATIENCE);
        if (appends) await world.grown(SOME);
        await world.stop(refused);
        expect(await recordIds(world)).toEqual(inTopics);

        const forked = await inRepair(world, (parts) => forkLog(parts));
        expect(forked.identity.epoch).toBe(2);
        const own = new Set((await loggedEvents(world.sql, world.mill)).map(({ id }) => id));
        const phantoms = seen.filter(({ id, topic }) => topic !== undefined && !own.has(id)).map(({ id }) => id);
        expect(new Set(forked.phantoms.map(({ eventId }) => eventId))).toEqual(new Set(phantoms));

        const again = world.startMill();
        await world.grown(SOME);
        await world.quiet(again);
        const moved = (await loggedEvents(world.sql, world.mill)).filter(({ position }) => position > forked.shared);
        // A private event in the backup, behind the last that the topics share, was moved too: nobody else has seen it.
        const hidden = new Set(moved.filter(({ topic }) => topic === undefined).map(({ id }) => id));
        const both = [...seen.filter(({ id }) => !hidden.has(id)), ...moved];
        expect(both.map(({ position }) => position)).toEqual([...new Set(both.map(({ position }) => position))]);
        await eventually(async () => {
          const dump = await dumpOf(world, { skipped: [], withTopics: true, events: both });
          expect(checkHistory([], dump).filter(({ name }) => name !== 'wrong-version')).toEqual([]);
        }, PATIENCE);
      }),
    LONG_MS,
  );
});

describe('Two logs of one name', () => {
  test(
    'do not share a topic: the second is refused, and the first goes on',
    () =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        world.startEcho();
        await world.heardMore();
        const elsewhere = await testDatabase();
        try {
          const second = world.startMill({}, { url: elsewhere.url });
          await eventually(
            () => expect(second.lines.join('\n')).toMatch(/failed relay topic-of-another-log/),
            PATIENCE,
          );
          await world.heardMore();
          await second.end();
        } finally {
          await elsewhere.drop();
        }
        await world.settled(mill);
      }),
    LONG_MS,
  );
});

describe('A topic', () => {
  test(
    'with too few partitions is refused, while appends go on; with enough all of it arrives',
    () =>
      withWorld(brokers, async (world) => {
        const [bags] = topicsOf(world.mill);
        await withAdmin((admin) => admin.createTopics({ topics: [{ topic: bags!.name, numPartitions: 2 }] }));
        const refused = world.startMill();
        await eventually(() => expect(refused.lines.join('\n')).toMatch(/failed relay topic-unsuitable/), PATIENCE);
        expect(refused.lines.join('\n')).toContain(`"${bags!.name}"`);
        await world.grown(SOME);
        await world.stop(refused);
        await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic: bags!.name, count: 4 }] }));
        world.startEcho();
        await world.settled(world.startMill());
      }),
    LONG_MS,
  );

  test(
    'that was deleted is not filled with a part of the log; it is sent again on request, and its readers go on',
    () =>
      withWorld(brokers, async (world) => {
        const mill = world.startMill();
        const echo = world.startEcho();
        await world.heardMore();
        await world.quiet(mill);
        await world.inStep();
        await world.stop(mill);
        await echo.end('SIGKILL');
        const [bags] = topicsOf(world.mill);
        await withAdmin((admin) => admin.deleteTopics({ topics: [bags!.name] }));

        const refused = world.startMill({}, { append: false });
        await eventually(() => expect(refused.lines.join('\n')).toMatch(/failed relay topic-unsuitable/), PATIENCE);
        expect(refused.lines.join('\n')).toMatch(/deleted and made anew/);
        await world.stop(refused);
        for (let partition = 0; partition < bags!.partitions; partition++)
          await inRepair(world, (parts) => republish(parts, { topic: bags!.name, partition, behind: 0n }));
        world.startEcho();
        await world.settled(world.startMill());
      }),
    LONG_MS,
  );

  test(
    'that takes no event as large as one of the log stops there; when it takes more, all of it arrives',
    () =>
      withWorld(brokers, async (world) => {
        const [bags] = topicsOf(world.mill);
        const mill = world.startMill();
        world.startEcho();
        await world.heardMore();
        await limit(bags!.name, 2_000);
        const large = world.startMill({}, { append: false, large: 5_000 });
        await eventually(() => expect(large.lines).toContain('large'), PATIENCE);
        await large.end();
        const said = (): string => mill.lines.join('\n');
        await eventually(() => expect(said()).toMatch(/relay (event-too-large-for-topic|topic-unsuitable)/), PATIENCE);
        await world.grown(SOME);
        await world.quiet(mill);
        await world.stop(mill);
        await limit(bags!.name, 2_000_000);
        await world.settled(world.startMill());
      }),
    LONG_MS,
  );
});

/** Keeps a copy of the mill's tables. @returns what restores it */
async function backup({ sql, mill }: World): Promise<() => Promise<void>> {
  const tables = ['events', 'relay', 'log', 'topics'];
  await sql.unsafe(
    `CREATE SCHEMA backup; ${tables.map((name) => `CREATE TABLE backup.kept_${name} AS TABLE ${mill}.${name};`).join('')}`,
  );
  return async () => {
    const restored = tables.map((name) => {
      const given = name === 'events' ? 'OVERRIDING SYSTEM VALUE ' : '';
      return `ALTER TABLE ${mill}.${name} DISABLE TRIGGER USER; DELETE FROM ${mill}.${name};
        INSERT INTO ${mill}.${name} ${given}SELECT * FROM backup.kept_${name}; ALTER TABLE ${mill}.${name} ENABLE TRIGGER USER;`;
    });
    await sql.unsafe(
      `${restored.join('')} SELECT setval('${mill}.position', (SELECT max(position) FROM backup.kept_events))`,
    );
  };
}

/** Works on the log as a person at the keyboard does, while nothing else of the mill runs. */
async function inRepair<T>({ url, mill }: World, work: (parts: RepairParts) => Promise<T>): Promise<T> {
  const database = postgresDatabase({ service: mill, schema: mill, url });
  const publisher = kafkaPublisher({ brokers });
  const signal = new AbortController().signal;
  const parts = { database, publisher, topics: topicsOf(mill), owner: 'a test', signal };
  try {
    return await eventually(() => work(parts), PATIENCE); // the lease of the mill that was stopped may not be free yet
  } finally {
    await database.close();
  }
}

async function recordIds({ mill }: World): Promise<string[]> {
  const names = topicsOf(mill).map(({ name }) => name);
  return (await committedRecords(brokers, names)).map(({ id }) => id);
}

async function limit(topic: string, bytes: number): Promise<void> {
  const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }];
  const resources = [{ type: 2, name: topic, configEntries }]; // 2: a topic
  await withAdmin((admin) => admin.alterConfigs({ validateOnly: false, resources }));
}

async function withAdmin(work: (admin: ReturnType<ReturnType<typeof plainKafka>['admin']>) => Promise<unknown>) {
  const admin = plainKafka(brokers).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
