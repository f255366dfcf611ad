import { describe, expect, test } from '@jest/globals';
import {
  commandHandler,
  eventCatalog,
  ProcessEvents,
  processRunners,
  type Append,
  type Database,
  type StartFrom,
} from '@logfold/core';
import { eventually, memory, type MemoryTx } from '@logfold/testing';
import { checkout, Order, OrderCommands, OrderEvents, Stock, StockEvents } from './support/processes/checkout.mjs';
import { simulateProcesses, type ProcessPlant } from './support/simulation/processes.js';

/** So many seeds find each of these bugs many times over. */
const SEEDS = 60;
const LONG_MS = 120_000;

describe('The simulated world finds', () => {
  test.each<[string, RegExp, ProcessPlant]>([
    ['effects that are committed before their checkpoint', /I9 duplicate .* received event .* again/, effectsFirst],
    [
      'a timer that is taken out before its message is appended',
      /I9 lost-write .* is a timer that is open/,
      takenFirst,
    ],
    ['commands that are decided without their ids as keys', /is-allocated|again|parked/, withoutKeys],
  ])(
    '%s',
    async (_, expected, plant) => {
      const found = new Set<string>();
      for (let seed = 1; seed <= SEEDS; seed++) {
        for (const text of await simulateProcesses(seed, plant)) found.add(text);
        if ([...found].some((text) => expected.test(text))) return;
      }
      expect([...found]).toEqual([expect.stringMatching(expected)]);
    },
    LONG_MS,
  );
});

describe('A first deployment on an old log', () => {
  const acted = async (startFrom: StartFrom): Promise<string[]> => {
    const database = memory({ service: 'shop' });
    const order = commandHandler(Order, database.events);
    const place = (orderId: string) => order.handle(OrderCommands.Place({ orderId, lines: [], patience: 'PT1H' }));
    await place('old');
    const handlers = new Map([Order, Stock].map((each) => [each, commandHandler(each, database.events)]));
    const catalog = eventCatalog([OrderEvents, StockEvents, ProcessEvents]);
    const definitions = [Order, Stock, checkout(startFrom)];
    const runners = processRunners({ database, definitions }, catalog, handlers);
    for (const runner of runners) runner.start();
    await eventually(async () =>
      expect((await database.checkpoints.list()).map(({ subscription }) => subscription)).toContain('checkout'),
    );
    await place('new');
    const started = async () => {
      const streams = await Promise.all(['old', 'new'].map((id) => database.events.readStream(`checkout-${id}`)));
      return ['old', 'new'].filter((_, index) => streams[index]!.length > 0);
    };
    await eventually(async () => expect(await started()).toContain('new'));
    await Promise.all(runners.map((runner) => runner.stop()));
    return started();
  };

  test('acts on what happens from now on, where that is said', async () => {
    expect(await acted('now')).toEqual(['new']);
  });

  test('would be seen to act on history, if it did', async () => {
    expect(await acted('beginning')).toEqual(['old', 'new']);
  });
});

/** Each append of a transaction is committed at once. */
function effectsFirst({ events, transactions }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  const appendAll = (appends: readonly Append[]) => transactions.run((tx) => events.appendAll(appends, { tx }));
  return { events: overridden(events, { appendAll }) };
}

/** What is taken out is gone before anything is appended for it. */
function takenFirst({ timers, transactions }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  const takeDue = (_: MemoryTx, limit: number) => transactions.run((tx) => timers.takeDue(tx, limit));
  return { timers: overridden(timers, { takeDue }) };
}

/** Keys are neither written down nor found. */
function withoutKeys({ events, commands }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  const append = (append: Append, options?: { readonly tx?: MemoryTx }) => {
    const { commands: parts = [], ...rest } = append;
    const keyless = parts.map(({ events: count, metadata }) => ({ events: count, metadata }));
    return events.append(parts.length > 0 ? { ...rest, commands: keyless } : rest, options);
  };
  const [find, record] = [async () => new Map(), async () => new Set()];
  return { events: overridden(events, { append }), commands: overridden(commands, { find, record }) };
}

/** An object with some of its methods replaced. */
function overridden<T extends object>(of: T, methods: object): T {
  return new Proxy(of, {
    get(target, name) {
      const value = Reflect.get(name in methods ? methods : target, name) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
