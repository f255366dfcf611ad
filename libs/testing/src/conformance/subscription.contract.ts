import { expect, test } from '@jest/globals';
import {
  eventCatalog,
  foldRows,
  logSource,
  readModelHandler,
  subscription,
  subscriptionName,
  type Database,
  type Leases,
  type Runner,
  type SubscriptionHandler,
  type SubscriptionParts,
} from '@logfold/core';
import { withFailpoint } from '../armed-failpoints.js';
import { eventually } from '../eventually.js';
import { contract, endOfLog, newStream, readEvents, StockLevels, Things, type OpenDatabase } from './harness.js';

/** The ports together: a subscription folds the log into a table, and every effect happens once. */
export function subscriptionContract(name: string, open: OpenDatabase): void {
  contract(`${name}: subscriptions`, open, (database) => {
    test('a read model becomes the fold of the log, and follows what is appended later', async () => {
      await database().readModels.prepare(StockLevels);
      await receive(database(), 40);
      const running = start(database(), 'ada');
      await caughtUp(database(), running);
      await receive(database(), 40);
      await caughtUp(database(), running);
      await running.stop();
      await expectFoldOfLog(database());
    });

    test('two that run at once, one by lease, give every effect once', async () => {
      await receive(database(), 30);
      const runners = [start(database(), 'ada'), start(database(), 'bob')];
      await receive(database(), 30);
      await caughtUp(database(), ...runners);
      await stop(...runners);
      await expectFoldOfLog(database());
    });

    test('two that run at once because a lease failed give every effect once', async () => {
      await receive(database(), 30);
      const runners = [start(database(), 'ada', everybodysLease), start(database(), 'bob', everybodysLease)];
      await receive(database(), 60);
      await caughtUp(database(), ...runners);
      await stop(...runners);
      await expectFoldOfLog(database());
    });

    test.each([
      'subscription.after-fetch',
      'subscription.mid-handler',
      'subscription.before-commit',
      'subscription.after-commit',
    ])('one that fails at %s goes on by itself, and gives every effect once', async (failpoint) => {
      await withFailpoint(failpoint, 'throw@2', async () => {
        const running = start(database(), 'ada');
        for (let round = 0; round < 3; round++) {
          await receive(database(), 10);
          await caughtUp(database(), running);
        }
        await running.stop();
      });
      await expectFoldOfLog(database());
    });

    test('one that is stopped and started in between gives every effect once', async () => {
      for (let round = 0; round < 3; round++) {
        await receive(database(), 10);
        const running = start(database(), `owner ${round}`);
        await caughtUp(database(), running);
        await running.stop();
      }
      await expectFoldOfLog(database());
    });

    test('what a handler appends is in the log once for each event that it handled', async () => {
      const input = newStream('input');
      await database().events.append({
        stream: input,
        events: Array.from({ length: 12 }, () => received()),
        expected: 'none',
      });
      const output = newStream('output');
      const name = `echo ${output}`;
      const running = start(database(), 'ada', database().leases, name, {
        types: ['StockReceived'],
        async handle(events, tx) {
          const echoes = events
            .filter(({ stream }) => stream === input)
            .map(({ id }) => Things.ThingNoted({ value: id }));
          if (echoes.length > 0)
            await database().events.append({ stream: output, events: echoes, expected: 'any' }, { tx });
        },
      });
      await withFailpoint('subscription.before-commit', 'throw@1', () => caughtUp(database(), running));
      await running.stop();
      const echoed = (await database().events.readStream(output)).map(({ data }) => (data as { value: string }).value);
      expect(echoed).toEqual((await database().events.readStream(input)).map(({ id }) => id));
    });
  });
}

/** A subscription under test. */
interface Running extends Runner {
  readonly subscription: string;
}

const catalog = eventCatalog([Things]);

function start(
  { checkpoints, parked, transactions, leases: own, readModels, events, wakeUp, service }: Database,
  owner: string,
  leases: Leases = own,
  name = subscriptionName(StockLevels),
  handler: SubscriptionHandler = readModelHandler(StockLevels, readModels, events, catalog),
): Running {
  const batchSize = owner === 'bob' ? 4 : 7; // out of step with the other, so that a batch handled twice would show
  const source = logSource(service, events, wakeUp, { batchSize, pollMs: { first: 5, max: 20 } });
  const parts: SubscriptionParts = {
    name,
    sources: [source],
    from: 'beginning',
    oneWriter: true,
    handler,
    catalog,
    checkpoints,
    parked,
    transactions,
    leases,
    owner,
    leaseTtlMs: 5_000,
  };
  const running = subscription(parts, { backoff: { firstMs: 2, maxMs: 20 } });
  running.start();
  return { ...running, subscription: name };
}

async function stop(...runners: readonly Running[]): Promise<void> {
  await Promise.all(runners.map((runner) => runner.stop()));
}

/** A lease that stops nobody: the checkpoint alone has to. */
const everybodysLease: Leases = {
  claim: async (name, owner) => ({ name, owner, epoch: 1 }),
  renew: async () => true,
  release: async () => {},
  held: async () => [],
};

function received() {
  return Things.StockReceived({
    sku: skus[Math.floor(Math.random() * skus.length)]!,
    quantity: Math.ceil(Math.random() * 120),
  });
}

const skus = ['bolt', `nut 8"`, 'washer', 'гайка', '🔩'];

/** Appends so many events, in several streams at once. */
async function receive(database: Database, count: number): Promise<void> {
  const streams = Array.from({ length: 5 }, () => newStream('stock'));
  const each = Array.from({ length: count / streams.length }, (_, index) => index);
  await Promise.all(
    streams.map(async (stream) => {
      for (const index of each) {
        const event = index % 7 === 6 ? Things.StockCleared({ sku: received().data.sku }) : received();
        await database.events.append({ stream, events: [event], expected: index });
      }
    }),
  );
}

async function caughtUp(database: Database, ...runners: readonly Running[]): Promise<void> {
  const end = await endOfLog(database);
  const [{ subscription: name }] = runners as readonly [Running];
  await eventually(async () => {
    for (const runner of runners) expect(runner.status()).not.toMatchObject({ state: 'failed' });
    expect(
      (await database.checkpoints.list()).find((one) => one.subscription === name)?.position ?? 0n,
    ).toBeGreaterThanOrEqual(end);
  });
}

/** The promise itself: the table holds what a pure fold of the whole log gives. */
async function expectFoldOfLog(database: Database): Promise<void> {
  const { events } = await readEvents(database, 0n);
  const { written } = foldRows(
    StockLevels,
    new Map(),
    events.filter(({ type }) => StockLevels.types.includes(type)),
  );
  const expected = [...written.values()].map((row) => ({ note: null, ...row }));
  const rows = await database.readModels.rows(StockLevels).findMany();
  expect(rows).toHaveLength(expected.length);
  expect(rows).toEqual(expect.arrayContaining(expected));
}
