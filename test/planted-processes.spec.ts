import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import {
  commandHandler,
  eventCatalog,
  IdempotencyKeyTaken,
  ProcessEvents,
  processRunners,
  type Append,
  type Appended,
  type Database,
  type HandledCommand,
  type SentAt,
  type StartFrom,
} from '@logfold/core';
import { eventually, memory, type MemoryTx } from '@logfold/testing';
import { checkout, Order, OrderCommands, OrderEvents, Stock, StockEvents } from './support/processes/checkout.mjs';
import { simulateProcesses, type ProcessPlant } from './support/simulation/processes.js';

/** So many seeds find each of these bugs many times over. */
const SEEDS = 1_000;
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
    ['keys of commands that are forgotten by age', / again/, forgottenByAge],
    ['keys that are written in another statement than the events', /ended never|is held|are held/, keysApart],
    ['mailboxes that answer before the commit', /I1 lost-write: .* was acknowledged/, answeringEarly],
  ])(
    '%s',
    async (_, expected, plant) => {
      let found: readonly string[] = [];
      let seed = 0;
      while (!found.some((text) => expected.test(text)) && seed < SEEDS) found = await simulateProcesses(++seed, plant);
      expect(found.join('\n')).toMatch(expected);
      expect(nameless(await simulateProcesses(seed, plant))).toEqual(nameless(found)); // a seed shows it again
      expect(await simulateProcesses(seed)).toEqual([]); // the same world without the bug
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

/** Keys are those of anybody: whenever some are forgotten, old ones are, and any is old. */
function forgottenByAge({ events, commands }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  const ofAnybody = <H extends { readonly sent?: SentAt }>({ sent: _sent, ...handled }: H) => handled;
  const append = (append: Append, options?: { readonly tx?: MemoryTx }) => {
    const { commands: parts, ...rest } = append;
    const ofAll = parts?.map(({ handled, ...part }) => (handled ? { ...part, handled: ofAnybody(handled) } : part));
    return events.append(ofAll ? { ...rest, commands: ofAll } : rest, options);
  };
  const record = (handled: readonly HandledCommand[]) => commands.record(handled.map(ofAnybody));
  const forgetSettled = (_: SentAt, limit: number) => commands.forgetOlder(-1, limit);
  return { events: overridden(events, { append }), commands: overridden(commands, { record, forgetSettled }) };
}

/** A key is written, and then the events: a conflict burns it. */
function keysApart({ events, commands }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  const append = async (append: Append, options?: { readonly tx?: MemoryTx }) => {
    const keyed = (append.commands ?? []).flatMap(({ handled }): HandledCommand[] =>
      handled ? [{ ...handled, stream: append.stream, version: 0, events: 0 }] : [],
    );
    const taken = await commands.record(keyed);
    if (taken.size > 0) throw new IdempotencyKeyTaken([...taken]);
    const keyless = append.commands?.map(({ events: count, metadata }) => ({ events: count, metadata }));
    return events.append(keyless ? { ...append, commands: keyless } : append, options);
  };
  return { events: overridden(events, { append }) };
}

/** Turns of the event loop: some milliseconds of the simulated world. */
const COMMIT_TURNS = 10;

/** An append is answered as if it would be committed. */
function answeringEarly({ events }: Database<MemoryTx>): Partial<Database<MemoryTx>> {
  const append = async (append: Append, options?: { readonly tx?: MemoryTx }) => {
    if (options?.tx) return events.append(append, options);
    const later = async (): Promise<void> => {
      for (let turn = 0; turn < COMMIT_TURNS; turn++) await setImmediate(); // a commit takes a while
      await events.append(append).catch(() => {});
    };
    void later();
    const { stream, expected } = append;
    const version = (typeof expected === 'number' ? expected : 0) + append.events.length;
    return { stream, version, position: 0n, events: append.events as Appended['events'] };
  };
  return { events: overridden(events, { append }) };
}

/** Ids are made anew each time. */
function nameless(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.replaceAll(/[0-9a-f-]{36}/g, 'some id'));
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
