import { expect, test } from '@jest/globals';
import { StockCommands } from '../test/shop.js';
import { commands } from './commands.js';
import { InvalidDefinition, InvalidStreamName, ValidationFailed } from './errors.js';
import { type, type Schema } from './schema.js';

test('a command names its stream: the category of the registry and the key of its data', () => {
  expect(StockCommands.Receive({ sku: 'tea', quantity: 1 })).toEqual({
    type: 'Receive',
    data: { sku: 'tea', quantity: 1 },
    stream: 'stock-tea',
  });
});

test('the category is the last word of the name', () => {
  const { Count } = commands('a.b.shelf', { key: ({ id }) => id }, { Count: type<{ id: string }>() });
  expect(Count({ id: '7' }).stream).toBe('shelf-7');
});

test('the key sees what the schema made of the data', () => {
  const upper: Schema<{ id: string }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => ({ value: { id: (value as { id: string }).id.toUpperCase() } }),
    },
  };
  const { Count } = commands('shelf', { key: ({ id }) => id }, { Count: upper });
  expect(Count({ id: 'a' })).toEqual({ type: 'Count', data: { id: 'A' }, stream: 'shelf-A' });
});

test('data that does not fit is refused', () => {
  const never: Schema<object> = {
    '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'never' }] }) },
  };
  const { Count } = commands('shelf', { key: () => 'x' }, { Count: never });
  expect(() => Count({})).toThrow(ValidationFailed);
  expect(() => Count({})).toThrow('Command Count is not valid: never');
});

test.each(['', 'a\0b', 'x'.repeat(300), '\ud83d'])('a key that makes no stream name is refused: %j', (sku) => {
  expect(() => StockCommands.Receive({ sku, quantity: 1 })).toThrow(InvalidStreamName);
});

test('a registry needs a name in lower case, and a key', () => {
  expect(() => commands('Shelf', { key: () => 'x' }, {})).toThrow(InvalidDefinition);
  expect(() => commands('shelf', {} as never, {})).toThrow('commands("shelf") needs a key');
});
