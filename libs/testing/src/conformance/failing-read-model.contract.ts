import { expect, test } from '@jest/globals';
import {
  eventCatalog,
  serviceRunners,
  subscriptionName,
  type Database,
  type EventStore,
  type LogRange,
  type ReadModel,
} from '@logfold/core';
import { eventually } from '../eventually.js';
import { checkpointOf, contract, newStream, readEvents, Things, type OpenDatabase } from './harness.js';
import { caughtUp, counting, expectFold, stockModel, trade } from './rebuild-harness.js';

const POISON = 'poison';

/** A read model whose definition throws on one event stops, and nobody else who reads the log with it notices. */
export function failingReadModelContract(name: string, open: OpenDatabase): void {
  contract(`${name}: a read model that throws`, open, (database) => {
    test('stops alone and says why; the others go on from one shared read of the log; mended, it goes on where it was', async () => {
      const read: number[] = [];
      const shared = { ...database(), events: counted(database().events, read) };
      const broken = stockModel('broken', {
        received: (row, data) => {
          if (data.sku === POISON) throw new RangeError('what is poison?');
          return counting(row, data);
        },
      });
      const others = [stockModel('well'), stockModel('as_well')];
      for (const model of [broken, ...others]) await database().readModels.prepare(model);
      const errors: [name: string, final: boolean][] = [];
      await served(shared, [broken, ...others], errors, async (statusOf) => {
        await trade(database(), 40);
        for (const model of [broken, ...others]) await caughtUp(database(), model);
        const stream = newStream('trade');
        const made = [Things.StockReceived({ sku: POISON, quantity: 1 })];
        const { position } = await database().events.append({ stream, events: made, expected: 'none' });
        await trade(database(), 200);
        for (const model of others) await expectFold(database(), model);
        const status = await eventually(() => {
          expect(statusOf(broken).state).toBe('failed');
          return statusOf(broken);
        });
        expect(status.error).toMatchObject({ message: 'what is poison?' });
        for (const model of others) expect(statusOf(model).state).toBe('running');
        expect(new Set(errors.map(([loop]) => loop))).toEqual(new Set([subscriptionName(broken)]));
        expect(errors.filter(([, final]) => final)).toHaveLength(1);
        const key = { subscription: subscriptionName(broken), source: database().service };
        expect((await checkpointOf(database(), key))!.position).toBeLessThan(position);
        expect(await database().readModels.rows(broken).find({ sku: POISON })).toBeUndefined();

        read.length = 0;
        const before = (await readEvents(database(), 0n)).events.length;
        await trade(database(), 60);
        for (const model of others) await expectFold(database(), model);
        const { events } = await readEvents(database(), 0n);
        expect(read.reduce((a, b) => a + b, 0)).toBe(events.length - before); // once, for both
      });
      const mended = stockModel('broken');
      await served(database(), [mended], [], async () => {
        await expectFold(database(), mended);
      });
    });
  });
}

/** Runs read models as a process does, with all that its loops say. */
async function served(
  database: Database,
  definitions: readonly ReadModel[],
  errors: [name: string, final: boolean][],
  work: (statusOf: (model: ReadModel) => { state: string; error?: unknown }) => Promise<void>,
): Promise<void> {
  const runners = serviceRunners(
    {
      database,
      definitions,
      run: ['read-models'],
      runner: {
        backoff: { firstMs: 1, maxMs: 20 },
        retries: 3,
        onError: (_, loop, final) => errors.push([loop, final]),
      },
    },
    eventCatalog([Things]),
    'one process',
  );
  for (const each of runners) each.start();
  try {
    await work((model) => runners.find((each) => each.name === subscriptionName(model))!.status());
  } finally {
    await Promise.all(runners.map((each) => each.stop()));
  }
}

/** The log, noting how many events each batch holds that is read of it. */
function counted(log: EventStore, read: number[]): EventStore {
  const readLog = async function* (range: LogRange) {
    for await (const batch of log.readLog(range)) {
      read.push(batch.events.length);
      yield batch;
    }
  };
  return new Proxy(log, {
    get: (target, name) => {
      if (name === 'readLog') return readLog;
      const found: unknown = Reflect.get(target, name, target);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });
}
