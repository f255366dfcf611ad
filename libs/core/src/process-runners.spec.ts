import { describe, expect, test } from '@jest/globals';
import { eventually, memory, virtualClock } from '@logfold/testing';
import { Stock, StockCommands, StockEvents } from '../test/shop.js';
import { commands } from './commands.js';
import { decider } from './decider.js';
import { complete, send, timeout } from './effects.js';
import { events } from './events.js';
import { logfold, type Definition } from './logfold.js';
import { logTopics } from './log-topics.js';
import { processManager } from './process-manager.js';
import { reaction } from './reaction.js';
import { type } from './schema.js';
import { state } from './state.js';

const Notices = events('shop.notice', { partitions: 1 }, { Emptied: type<{ sku: string }>() });

/** Watches stock that was cleared: two minutes later it is received anew. */
const parts = {
  name: 'refill',
  from: [StockEvents],
  sends: [StockCommands],
  startFrom: 'beginning',
  startedBy: ['StockCleared'],
  key: { StockCleared: ({ data }: { data: { sku: string } }) => data.sku },
  initial: () => ({ sku: '' }),
  evolve: { StockCleared: (_: unknown, { data }: { data: { sku: string } }) => ({ sku: data.sku }) },
  react: { StockCleared: () => [timeout('delivery', 'PT2M')] },
  timeouts: { delivery: ({ sku }: { sku: string }) => [send(StockCommands.Receive({ sku, quantity: 1 })), complete()] },
} as const;
const Refill = processManager(parts);

const Levels = state('shop.levels', { partitions: 1, row: type<{ sku: string }>(), key: ['sku'] });

const service = (...definitions: readonly Definition[]) =>
  logfold({ database: memory({ service: 'shop' }), definitions });

describe('A service with process managers', () => {
  test.each<[string, readonly Definition[], string]>([
    [
      'whose commands no decider decides',
      [Refill],
      'Process manager "refill" sends commands of "shop.stock", which no decider of service "shop" decides',
    ],
    [
      'whose commands two deciders decide',
      [Refill, Stock, decider({ ...Stock, name: 'other', commands: StockCommands, events: StockEvents } as never)],
      '"stock" and "other" decide: there must be one',
    ],
    [
      'whose streams are those of a decider',
      [processManager({ ...parts, name: 'stock' }), Stock],
      'Process manager "stock" would share streams with decider "stock"',
    ],
    [
      'that has the name of a reaction',
      [
        Refill,
        Stock,
        reaction({ name: 'refill', from: [StockEvents], startFrom: 'now', on: { StockCleared: () => {} } }),
      ],
      'Two definitions of reaction or process manager "refill"',
    ],
    [
      'that handles rows of a state',
      [
        processManager({
          ...parts,
          from: [Levels],
          startedBy: ['shop.levels'],
          key: { 'shop.levels': ({ data }) => data.key.sku },
          evolve: {},
          react: { 'shop.levels': () => [complete()] },
        }),
        Stock,
      ],
      'The process manager "refill" handles a state, which keeps the last row of each key',
    ],
    [
      'that publishes to a state',
      [processManager({ ...parts, publishes: [Levels] }), Stock],
      'The process manager "refill" publishes to a state, which holds the rows of a read model',
    ],
    [
      'beside a reaction that handles rows of a state',
      [reaction({ name: 'alarm', from: [Levels], startFrom: 'now', on: { 'shop.levels': () => {} } })],
      'The reaction "alarm" handles a state, which keeps the last row of each key',
    ],
  ])('does not start with one %s', (_what, definitions, why) => {
    expect(() => service(...definitions)).toThrow(why);
  });

  test('does not start with one that publishes events of another service', () => {
    const database = memory({ service: 'shop' });
    const foreign = events('other.notice', { partitions: 1 }, { Heard: type<{ sku: string }>() });
    const publishing = processManager({ ...parts, publishes: [foreign] });
    expect(() =>
      logfold({ database, definitions: [publishing, Stock], topics: logTopics({ shop: database }) }),
    ).toThrow('publishes events of "other.notice", which belong to another service');
  });

  test.each([
    ['shop', 'Service "shop" takes commands from "shop", which is itself'],
    ['My Shop', 'Service name "My Shop" must start with a lower-case letter'],
  ])('does not start when it takes commands from %s', (sender, why) => {
    const database = memory({ service: 'shop' });
    const topics = logTopics({ shop: database });
    expect(() => logfold({ database, definitions: [Stock], topics, commandsFrom: [sender] })).toThrow(why);
  });

  test('does not start when it takes commands from others, and hears nobody', () => {
    const options = { database: memory({ service: 'shop' }), definitions: [Stock], commandsFrom: ['desk'] };
    expect(() => logfold(options)).toThrow('takes commands from "desk", but hears no other service: give it "topics"');
  });

  test('runs a loop for the commands of each service that sends some, and for its own process managers', () => {
    const database = memory({ service: 'shop' });
    const options = { database, definitions: [Stock], commandsFrom: ['desk'], topics: logTopics({ desk: database }) };
    const names = (service: ReturnType<typeof logfold>) => service.runners.map(({ name }) => name);
    expect(names(logfold(options))).toEqual(['commands from desk']);
    expect(names(logfold({ ...options, definitions: [Stock, Refill] }))).toEqual([
      'commands from desk',
      'refill',
      'commands of processes',
      'timers',
    ]);
  });

  test('runs a loop for each, one for their commands and one for their timers, as its roles say', () => {
    const named = (run: readonly ('processes' | 'timers' | 'reactions')[]) =>
      logfold({ database: memory(), definitions: [Refill, Stock], run }).runners.map(({ name }) => name);
    expect(named(['processes', 'timers'])).toEqual(['refill', 'commands of processes', 'timers']);
    expect(named(['timers'])).toEqual(['timers']);
    expect(named(['reactions'])).toEqual([]);
    expect(logfold({ database: memory(), definitions: [Stock] }).runners).toEqual([]);
  });

  test('acts two minutes later, and not before', async () => {
    const clock = virtualClock();
    const database = memory({ service: 'shop', clock });
    const shop = logfold({ database, definitions: [Refill, Stock], runner: { clock } });
    await shop.start();
    await database.events.append({
      stream: 'stock-tea',
      events: [StockEvents.StockCleared({ sku: 'tea' })],
      expected: 'any',
    });
    const types = async () => (await database.events.readStream('stock-tea')).map((event) => event.type);
    await clock.advance(119_000);
    expect(await types()).toEqual(['StockCleared']);
    await clock.advance(11_000);
    expect(await types()).toEqual(['StockCleared', 'StockReceived']);
    const stopping = shop.stop();
    await clock.advance(20_000);
    await stopping;
  });

  test('may do more about one event than an append holds', async () => {
    const many = processManager({
      ...parts,
      timeouts: {},
      react: {
        StockCleared: () => [
          ...Array.from({ length: 1_200 }, (_, n) => send(StockCommands.Receive({ sku: `s${n}`, quantity: 1 }))),
          complete(),
        ],
      },
    });
    const database = memory({ service: 'shop' });
    const shop = logfold({ database, definitions: [many, Stock] });
    await shop.start();
    const cleared = StockEvents.StockCleared({ sku: 'tea' });
    await database.events.append({ stream: 'stock-tea', events: [cleared], expected: 'any' });
    await eventually(async () => {
      expect(await database.events.readStream('refill-tea', { after: 1_200 })).toHaveLength(2); // 1 + 1,200 + 1
      expect(await database.events.readStream('stock-s1199')).toHaveLength(1);
    });
    await shop.stop();
  });

  test('parks the commands of an instance whose decider fails, and goes on with others', async () => {
    const Odd = commands('shop.odd', { key: ({ sku }) => sku }, { Count: type<{ sku: string }>() });
    const odd = decider({
      name: 'odd',
      commands: Odd,
      events: Notices,
      initial: () => 0,
      evolve: { Emptied: (count) => count + 1 },
      decide: {
        Count: ({ data }) => {
          if (data.sku === 'bad') throw new TypeError('a bug');
          return Notices.Emptied(data);
        },
      },
    });
    const counting = processManager({
      ...parts,
      sends: [Odd],
      timeouts: {},
      react: { StockCleared: (_: unknown, { data }) => [send(Odd.Count(data)), complete()] },
    });
    const database = memory({ service: 'shop' });
    const parked: string[] = [];
    const onParked = (name: string, event: { readonly stream: string }) => void parked.push(`${name}: ${event.stream}`);
    const shop = logfold({ database, definitions: [counting, odd], onParked });
    await shop.start();
    for (const sku of ['bad', 'good'])
      await database.events.append({ stream: 'stock-x', events: [StockEvents.StockCleared({ sku })], expected: 'any' });
    await eventually(async () => {
      expect(parked).toEqual(['commands of processes: refill-bad']);
      expect(await database.events.readStream('odd-good')).toHaveLength(1);
    });
    await shop.stop();
  });
});
