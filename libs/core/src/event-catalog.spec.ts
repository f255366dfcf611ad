import { expect, test } from '@jest/globals';
import { StockEvents } from '../test/shop.js';
import { InvalidDefinition, UnknownEventType, UnreadableEventVersion } from './errors.js';
import { eventCatalog } from './event-catalog.js';
import { events, type Recorded } from './events.js';
import { type } from './schema.js';

const catalog = eventCatalog([StockEvents, StockEvents]);

test('the catalog knows the types of its registries', () => {
  expect([...catalog.types]).toEqual(['StockReceived', 'StockReserved', 'StockCleared']);
});

test('an event of the current schema version is given back as it is', () => {
  const event = recorded('StockReceived', 1, { sku: 'tea', quantity: 1 });
  expect(catalog.current(event)).toBe(event);
});

test('an event of an older schema version is read as the current one', () => {
  const event = recorded('StockReserved', 1, { sku: 'tea', quantity: 1 });
  const current = catalog.current(event);
  expect(current.data).toEqual({ sku: 'tea', quantity: 1, orderId: 'unknown' });
  expect(current.schemaVersion).toBe(2);
  expect([current.id, current.stream, current.version, current.position]).toEqual([
    event.id,
    event.stream,
    event.version,
    event.position,
  ]);
});

test('upcasting leaves the event that was read alone', () => {
  const data = { list: [1] };
  const { Changed } = {
    Changed: { schema: type<object>(), version: 2, upcast: { 1: (old: typeof data) => (old.list.push(2), old) } },
  };
  const event = recorded('Changed', 1, data);
  expect(eventCatalog([events('shop.changed', { partitions: 1 }, { Changed })]).current(event).data).toEqual({
    list: [1, 2],
  });
  expect(event.data).toEqual({ list: [1] });
});

test('an unknown type and a version from the future are refused', () => {
  expect(() => catalog.current(recorded('StockStolen', 1, {}))).toThrow(UnknownEventType);
  expect(() => catalog.current(recorded('toString', 1, {}))).toThrow(UnknownEventType);
  expect(() => catalog.current(recorded('StockReserved', 3, {}))).toThrow(UnreadableEventVersion);
});

test('two registries that declare one type are refused', () => {
  const other = events('shop.other', { partitions: 1 }, { StockReceived: type<object>() });
  expect(() => eventCatalog([StockEvents, other])).toThrow(InvalidDefinition);
  expect(() => eventCatalog([StockEvents, other])).toThrow('declared by "shop.stock" and by "shop.other"');
});

function recorded(name: string, schemaVersion: number, data: unknown): Recorded {
  const metadata = { correlationId: 'c', causationId: 'c' };
  return {
    type: name,
    schemaVersion,
    data,
    id: 'id',
    stream: 'stock-tea',
    version: 4,
    position: 7n,
    recordedAt: new Date(0),
    metadata,
  };
}
