import { describe, expect, test } from '@jest/globals';
import { StockEvents } from '../test/shop.js';
import { InvalidDefinition, UnreadableEventVersion, ValidationFailed } from './errors.js';
import { creatorOf, events, registryOf, upcastData, versioned, type EventCreator, type Recorded } from './events.js';
import { type, type Schema } from './schema.js';

describe('events', () => {
  test('a creator makes an event of its type from data that fits the schema', () => {
    expect(StockEvents.StockReceived({ sku: 'tea', quantity: 3 })).toMatchObject({
      type: 'StockReceived',
      data: { sku: 'tea', quantity: 3 },
    });
    expect([StockEvents.StockReceived.type, StockEvents.StockReceived.version]).toEqual(['StockReceived', 1]);
    expect(StockEvents.StockReserved.version).toBe(2);
  });

  test('an event holds what the schema made of the data', () => {
    const { Counted } = events('shop.count', { partitions: 1 }, { Counted: trimmed() });
    expect(Counted({ text: ' tea ' }).data).toEqual({ text: 'tea' });
  });

  test('data that does not fit is refused with the path of each issue', () => {
    const { Counted } = events('shop.count', { partitions: 1 }, { Counted: trimmed() });
    const create = () => Counted({ text: '' });
    expect(create).toThrow(ValidationFailed);
    expect(create).toThrow('Event Counted is not valid: text: is empty');
  });

  test('a schema that validates asynchronously is refused', () => {
    const slow: Schema<object> = { '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: {} }) } };
    const { Counted } = events('shop.count', { partitions: 1 }, { Counted: slow });
    expect(() => Counted({})).toThrow(InvalidDefinition);
  });

  test('the topic is the name of the registry, another, or none', () => {
    const types = { Counted: type<{ n: number }>() };
    expect(registryOf(events('shop.count', { partitions: 3 }, types))).toMatchObject({
      name: 'shop.count',
      topic: 'shop.count',
      partitions: 3,
    });
    expect(registryOf(events('shop.count', { partitions: 1, topic: 'counts' }, types)).topic).toBe('counts');
    expect(registryOf(events('shop.count', { partitions: 1, topic: null }, types)).topic).toBeNull();
  });

  test.each([
    ['a name with capitals', () => events('Shop.Count', { partitions: 1 }, {})],
    ['a topic with a blank', () => events('shop.count', { partitions: 1, topic: 'a b' }, {})],
    ['no partitions', () => events('shop.count', { partitions: 0 }, {})],
    ['half a partition', () => events('shop.count', { partitions: 1.5 }, {})],
    ['too many partitions', () => events('shop.count', { partitions: 1_001 }, {})],
  ])('%s is refused', (_, declare) => {
    expect(declare).toThrow(InvalidDefinition);
  });

  test('only a registry made by events is one', () => {
    expect(() => registryOf({ ...StockEvents })).toThrow(InvalidDefinition);
  });
});

describe('creatorOf', () => {
  test('knows the creator of an event', () => {
    expect(creatorOf(StockEvents.StockReceived({ sku: 'tea', quantity: 1 }))).toBe(StockEvents.StockReceived);
  });

  test.each([
    ['a copy', { ...StockEvents.StockReceived({ sku: 'tea', quantity: 1 }) }],
    ['a hand-made object', { type: 'StockReceived', data: { sku: 'tea', quantity: 1 } }],
    ['null', null],
    ['undefined', undefined],
    ['text', 'StockReceived'],
  ])('knows none of %s', (_, foreign) => {
    expect(creatorOf(foreign as never)).toBeUndefined();
  });
});

describe('versioned', () => {
  const third = versioned(3, type<{ a: number; b: number; c: number }>(), {
    1: (old) => ({ ...old, b: 2 }),
    2: (old) => ({ ...old, c: 3 }),
  });
  const { Changed } = events('shop.changed', { partitions: 1 }, { Changed: third });
  const creator = Changed as unknown as EventCreator;
  const recorded = (schemaVersion: number, data: object) =>
    ({ schemaVersion, data, type: 'Changed', stream: 'changed-1', position: 12n }) as unknown as Recorded;

  test('old data goes through every upcaster from its version on', () => {
    expect(upcastData(creator, recorded(1, { a: 1 }))).toEqual({ a: 1, b: 2, c: 3 });
    expect(upcastData(creator, recorded(2, { a: 1, b: 7 }))).toEqual({ a: 1, b: 7, c: 3 });
    expect(upcastData(creator, recorded(3, { a: 1, b: 7, c: 8 }))).toEqual({ a: 1, b: 7, c: 8 });
  });

  test('a version from the future is refused', () => {
    expect(() => upcastData(creator, recorded(4, {}))).toThrow(UnreadableEventVersion);
    expect(() => upcastData(creator, recorded(4, {}))).toThrow(
      'Event type "Changed" at position 12 (stream "changed-1") was written in schema version 4, this code knows up to 3',
    );
  });

  test('a version without an upcaster is refused', () => {
    expect(() => upcastData(creator, recorded(0, {}))).toThrow('no upcaster from schema version 0 towards 3');
  });

  test('a missing upcaster is refused at once, by the compiler too', () => {
    // @ts-expect-error the upcaster from 2 is missing
    expect(() => versioned(3, type<{ a: number }>(), { 1: (old: object) => old })).toThrow(
      'lacks the upcaster from version 2',
    );
  });

  test('version 1 is a bare schema', () => {
    expect(() => versioned(1, type<{ a: number }>(), {})).toThrow(InvalidDefinition);
  });

  test('data that JSON cannot keep does not compile', () => {
    // @ts-expect-error a Date comes back as text
    events('shop.dated', { partitions: 1 }, { Dated: type<{ at: Date }>() });
    expect(StockEvents).toBeDefined();
  });
});

/** A schema that trims a text, and refuses an empty one. */
function trimmed(): Schema<{ text: string }> {
  const validate = (value: unknown) => {
    const text = (value as { text: string }).text.trim();
    return text ? { value: { text } } : { issues: [{ message: 'is empty', path: ['text'] }] };
  };
  return { '~standard': { version: 1, vendor: 'test', validate } };
}
