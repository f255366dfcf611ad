import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { memory, type MemoryTx } from '@logfold/testing';
import { receive, reserve, Stock, StockCommands } from '../test/shop.js';
import { commandHandler } from './command-handler.js';
import type { Database } from './database.js';
import { reject } from './decider.js';
import { CommandSettled, IdempotencyKeyReused, InvalidIdempotencyKey } from './command-errors.js';
import { InvalidDefinition } from './errors.js';
import type { Handler } from './handler.js';
import { IDEMPOTENCY_KEY_LIMIT, payloadHash } from './idempotency-key.js';

let database: Database<MemoryTx>;
let stock: Handler<any, any>;
const another = () => commandHandler(Stock, database.events, { commands: database.commands });

beforeEach(() => {
  database = memory();
  stock = another();
});

describe('an idempotency key that comes again', () => {
  test('gets the first answer, though the stream has gone on', async () => {
    const first = await stock.handle(receive(3), { idempotencyKey: 'k' });
    await stock.handle(receive(1));
    for (const process of [stock, another()]) {
      const { version, position, events, replayed } = await process.handle(receive(3), { idempotencyKey: 'k' });
      expect({ version, position, events }).toEqual({
        version: first.version,
        position: first.position,
        events: first.events,
      });
      expect(replayed).toBe(true);
    }
    expect(await types()).toEqual(['StockReceived', 'StockReceived']);
  });

  test('gets the first rejection, though it would be accepted now', async () => {
    const ask = () => stock.handle(reserve(2), { idempotencyKey: 'k' });
    await expect(ask()).rejects.toMatchObject({ rejected: 'short', message: '0 are free', replayed: false });
    await stock.handle(receive(9));
    await expect(ask()).rejects.toMatchObject({ details: { free: 0 }, message: '0 are free', replayed: true });
    expect(await types()).toEqual(['StockReceived']);
  });

  test('gets the version of then, when it led to nothing', async () => {
    const ask = () => stock.handle(StockCommands.Ignore({ sku: 'tea' }), { idempotencyKey: 'k' });
    expect(await ask()).toMatchObject({ events: [], version: 0, position: 0n, replayed: false });
    await stock.handle(receive(9));
    expect(await ask()).toMatchObject({ events: [], version: 0, position: 0n, replayed: true });
  });

  test('is not compared with the version that the caller expects: that was done the first time', async () => {
    await stock.handle(receive(3), { idempotencyKey: 'k', expected: 'none' });
    expect(await stock.handle(receive(3), { idempotencyKey: 'k', expected: 'none' })).toMatchObject({ version: 1 });
  });

  test('is free still after a conflict with the version that the caller expected, and after a bug', async () => {
    await expect(stock.handle(receive(3), { idempotencyKey: 'k', expected: 7 })).rejects.toThrow('expected 7');
    const broken = { ...Stock, decide: { ...Stock.decide, Receive: () => null as never } } as typeof Stock;
    const handler = commandHandler(broken, database.events, { commands: database.commands });
    await expect(handler.handle(receive(3), { idempotencyKey: 'k' })).rejects.toThrow(InvalidDefinition);
    expect(await stock.handle(receive(3), { idempotencyKey: 'k' })).toMatchObject({ version: 1, replayed: false });
  });

  test.each([
    ['another quantity', receive(4)],
    ['another stream', receive(3, 'coffee')],
    ['another type', StockCommands.Ignore({ sku: 'tea' })],
  ])('with %s is refused, and does nothing', async (_, command) => {
    await stock.handle(receive(3), { idempotencyKey: 'k' });
    const refused = stock.handle(command, { idempotencyKey: 'k' });
    await expect(refused).rejects.toThrow(IdempotencyKeyReused);
    await expect(refused).rejects.toMatchObject({ key: 'k', message: expect.stringContaining('"k"') });
    expect(await types()).toEqual(['StockReceived']);
    expect(await types('stock-coffee')).toEqual([]);
  });

  test('stands for what the caller says, when the command holds what is made anew', async () => {
    const ask = (quantity: number, asked: unknown) =>
      stock.handle(receive(quantity), { idempotencyKey: 'k', idempotencyPayload: asked });
    await ask(3, { b: 1, a: [2] });
    expect(await ask(4, { a: [2], b: 1 })).toMatchObject({ version: 1, replayed: true });
    await expect(ask(3, { a: [2], b: 2 })).rejects.toThrow(IdempotencyKeyReused);
  });

  test('in a transaction sees what the transaction did under it, and leaves nothing when it is rolled back', async () => {
    await database.transactions.run(async (tx) => {
      const first = await stock.handle(receive(3), { idempotencyKey: 'k', tx });
      expect(await stock.handle(receive(3), { idempotencyKey: 'k', tx })).toMatchObject({ version: first.version });
    });
    const failed = database.transactions.run(async (tx) => {
      await stock.handle(receive(5), { idempotencyKey: 'void', tx });
      throw new RangeError('never mind');
    });
    await expect(failed).rejects.toThrow(RangeError);
    expect(await stock.handle(receive(5), { idempotencyKey: 'void' })).toMatchObject({ version: 2, replayed: false });
  });

  test('of a loop is remembered until it is settled, and then nothing is done under it', async () => {
    const sent = { subscription: 'loop', source: 'shop', partition: 0, position: 7n };
    await stock.handle(receive(3), { idempotencyKey: 'sent', sent });
    await stock.handle(receive(3), { idempotencyKey: 'old' });
    expect(await database.commands.forgetOlder(-60_000, 10)).toBe(1);
    expect([...(await database.commands.find(['sent', 'old'])).keys()]).toEqual(['sent']);
    expect(await stock.handle(receive(3), { idempotencyKey: 'sent', sent })).toMatchObject({ replayed: true });
    expect(await database.commands.forgetSettled(sent, 10)).toBe(1);
    const late = stock.handle(receive(3), { idempotencyKey: 'sent', sent });
    await expect(late).rejects.toThrow(CommandSettled);
    const refused = stock.handle(receive(-1), { idempotencyKey: 'refused', sent: { ...sent, position: 6n } });
    await expect(refused).rejects.toThrow(CommandSettled);
    expect(await types()).toHaveLength(2);
  });

  test('of a loop is settled also where the rules of today throw on its command', async () => {
    const sent = { subscription: 'loop', source: 'shop', partition: 0, position: 7n };
    const broken = { ...Stock, decide: { ...Stock.decide, Receive: () => null as never } } as typeof Stock;
    const handler = commandHandler(broken, database.events, { commands: database.commands });
    await database.commands.forgetSettled(sent, 10);
    const ask = (position: bigint) =>
      handler.handle(receive(3), { idempotencyKey: `sent-at-${position}`, sent: { ...sent, position } });
    await expect(ask(7n)).rejects.toThrow(CommandSettled);
    await expect(ask(8n)).rejects.toThrow(InvalidDefinition);
  });
});

describe('a key', () => {
  test.each([
    ['', 'is empty'],
    ['x'.repeat(IDEMPOTENCY_KEY_LIMIT + 1), 'has 256 characters'],
    ['two words', 'visible ASCII'],
    ['line\nbreak', 'visible ASCII'],
    ['nul\0', 'visible ASCII'],
    ['ключ', 'visible ASCII'],
  ])('%j is refused, and the text says why', async (key, why) => {
    const refused = stock.handle(receive(1), { idempotencyKey: key });
    await expect(refused).rejects.toThrow(InvalidIdempotencyKey);
    await expect(refused).rejects.toThrow(why);
    expect(await types()).toEqual([]);
  });

  test('of any visible ASCII characters is taken', async () => {
    const keys = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 255,
    });
    await fc.assert(
      fc.asyncProperty(keys, async (key) => {
        const { version } = await stock.handle(receive(1), { idempotencyKey: key });
        expect((await another().handle(receive(1), { idempotencyKey: key })).version).toBe(version);
      }),
      { numRuns: 50 },
    );
  });

  test('without a place to keep it is refused', async () => {
    const handler = commandHandler(Stock, database.events);
    await expect(handler.handle(receive(1), { idempotencyKey: 'k' })).rejects.toThrow(
      '{ commands: database.commands }',
    );
  });

  test('does not keep a rejection of any size', async () => {
    const decide = { ...Stock.decide, Ignore: () => reject('long', 'x'.repeat(70_000)) };
    const handler = commandHandler({ ...Stock, decide } as typeof Stock, database.events, {
      commands: database.commands,
    });
    const refused = handler.handle(StockCommands.Ignore({ sku: 'tea' }), { idempotencyKey: 'k' });
    await expect(refused).rejects.toThrow('65536 at most can be kept');
  });
});

test('the order of properties does not matter to what a key stands for; everything else does', () => {
  const hash = (data: unknown) => payloadHash({ type: 'T', stream: 's-1', data });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
      const turned = Object.fromEntries(Object.entries(data).toReversed());
      expect(hash(turned)).toBe(hash(data));
    }),
  );
  expect(hash({ a: 1, b: [1, 2] })).not.toBe(hash({ a: 1, b: [2, 1] }));
  expect(hash({ a: { b: 1 } })).not.toBe(hash({ a: { c: 1 } }));
});

async function types(stream = 'stock-tea'): Promise<string[]> {
  return (await database.events.readStream(stream)).map((event) => event.type);
}
