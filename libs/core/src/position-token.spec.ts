import { describe, expect, it } from '@jest/globals';
import { memory } from '@logfold/testing';
import fc from 'fast-check';
import { receive, reserve, Stock, StockCommands } from '../test/shop.js';
import { commandHandler } from './command-handler.js';
import { eventCatalog } from './event-catalog.js';
import { events, type Recorded } from './events.js';
import {
  mergedTokens,
  parseTokens,
  positionTokens,
  TOKENS_LIMIT,
  tokenText,
  type PositionToken,
} from './position-token.js';
import { type } from './schema.js';

const ids = fc.uuid();
const anyToken: fc.Arbitrary<PositionToken> = fc.record({
  log: fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/),
  logId: ids,
  position: fc.bigInt({ min: 1n, max: 999_999_999_999_999_999n }),
  eventId: ids,
  topic: fc.option(fc.stringMatching(/^[a-z][a-z0-9_]{0,5}(\.[a-z][a-z0-9_]{0,5}){0,2}$/), { nil: undefined }),
  key: fc.string({ unit: 'grapheme', maxLength: 60 }).filter((key) => key.isWellFormed()),
});
const token: PositionToken = {
  log: 'shop',
  logId: '0198c3a4-0000-7000-8000-000000000001',
  position: 7n,
  eventId: '0198c3a4-0000-7000-8000-000000000002',
  topic: 'shop.stock',
  key: 'stock-tea',
};

describe('a position token', () => {
  it('comes back from its text, which is safe in a header and in an address', () => {
    fc.assert(
      fc.property(fc.array(anyToken, { minLength: 1, maxLength: TOKENS_LIMIT }), (some) => {
        const tokens = mergedTokens(some, []);
        const text = tokenText(tokens);
        expect(encodeURIComponent(text)).toBe(text);
        expect(parseTokens(text)).toEqual(tokens);
      }),
    );
  });

  it('is answered by a command for its last event, by one that leads to nothing that of the last event of its stream', async () => {
    const database = memory();
    const stock = commandHandler(Stock, database.events);
    expect((await stock.handle(StockCommands.Ignore({ sku: 'tea' }))).token).toBeUndefined();
    const { token, events: added } = await stock.handle(receive(3));
    const { id: logId } = await database.events.identity();
    const key = 'stock-tea';
    const place = { log: 'memory', logId, position: 1n, eventId: added[0]!.id, topic: 'shop.stock', key };
    expect(parseTokens(token!)).toEqual([place]);
    await stock.handle(receive(1, 'cup'));
    expect((await stock.handle(StockCommands.Ignore({ sku: 'tea' }))).token).toBe(token);
    await database.transactions.run(async (tx) => {
      const { position } = await stock.handle(reserve(1), { tx });
      const inside = await stock.handle(StockCommands.Ignore({ sku: 'tea' }), { tx });
      expect(parseTokens(inside.token!)).toMatchObject([{ position }]);
    });
  });

  it('may be joined with others by commas, as headers are', () => {
    const other = { ...token, key: 'stock-cup' };
    expect(parseTokens(`${tokenText([token])}, ${tokenText([other])}`)).toEqual([token, other]);
  });

  it.each([
    ['', 'holds ""'],
    ['7', 'holds "7"'],
    [tokenText([token]).replace('.7.', '.-7.'), 'give it back exactly as a command answered it'],
    [tokenText([token]).replace('.7.', '.0.'), 'holds'],
    [tokenText([token]).replace('.7.', `.${'9'.repeat(19)}.`), 'holds'],
    [`${tokenText([token])}!`, 'holds'],
    [`${tokenText([token])}\r\nSet-Cookie: a=b`, 'holds'],
    [`${tokenText([token])}~`, 'holds ""'],
    [Array.from({ length: 21 }, () => tokenText([token])).join('~'), 'names 21 positions, 20 at most'],
    ['x'.repeat(8_001), 'has 8001 characters, 8000 at most'],
  ])('is refused as %j, with the reason', (text, why) => {
    expect(() => parseTokens(text)).toThrow(expect.objectContaining({ code: 'validation-failed' }));
    expect(() => parseTokens(text)).toThrow(why);
  });

  it('names the last event of each key, and no more than 20 keys', () => {
    const catalog = eventCatalog([Lines]);
    const log = { id: token.logId, name: 'shop', epoch: 1 };
    const added = ['a', 'b', 'a'].map((line, index) => recorded(line, BigInt(index + 1)));
    const named = positionTokens(log, catalog, added).map(({ key, position, topic }) => ({ key, position, topic }));
    expect(named).toEqual([
      { key: 'b', position: 2n, topic: 'shop.lines' },
      { key: 'a', position: 3n, topic: 'shop.lines' },
    ]);
    const many = Array.from({ length: 50 }, (_, index) => recorded(`line ${index}`, BigInt(index + 1)));
    expect(positionTokens(log, catalog, many).map(({ position }) => position)).toEqual(
      Array.from({ length: TOKENS_LIMIT }, (_, index) => BigInt(31 + index)),
    );
  });

  it('fits into a header however long the keys are, and keeps the last position', () => {
    const catalog = eventCatalog([Lines]);
    const long = Array.from({ length: 20 }, (_, index) => recorded(`${index}${'é'.repeat(499)}`, BigInt(index + 1)));
    const text = tokenText(positionTokens({ id: token.logId, name: 'shop', epoch: 1 }, catalog, long));
    expect(text.length).toBeLessThanOrEqual(8_000);
    expect(parseTokens(text).at(-1)).toMatchObject({ position: 20n });
    const [tooLong] = positionTokens({ id: token.logId, name: 'shop', epoch: 1 }, catalog, [
      recorded('é'.repeat(501), 1n),
    ]);
    expect(tooLong).toMatchObject({ position: 1n, topic: undefined, key: '' });
  });
});

const Lines = events(
  'shop.lines',
  { partitions: 3, key: ({ data }) => data.line },
  { LineAdded: type<{ readonly line: string }>() },
);

function recorded(line: string, position: bigint): Recorded {
  return {
    ...Lines.LineAdded({ line }),
    id: token.eventId,
    stream: 'lines-1',
    version: Number(position),
    position,
    schemaVersion: 1,
    recordedAt: new Date(0),
    metadata: { correlationId: 'c', causationId: 'c' },
  };
}
