import { expect, test } from '@jest/globals';
import { InvalidDefinition } from './errors.js';
import { events, versioned } from './events.js';
import { jsonSchemaOf } from './json-schema.js';
import { type, type Schema } from './schema.js';

/** A schema of a library that has Standard JSON Schema. */
function described(output: () => object): Schema<{ sku: string }> {
  const { '~standard': standard } = type<{ sku: string }>();
  return { '~standard': { ...standard, jsonSchema: { output } } as typeof standard };
}

test('a registry is exported as JSON Schema, each type in its current version', () => {
  const item = described(() => ({ type: 'object', required: ['sku'] }));
  const registry = events(
    'shop.stock',
    { partitions: 1 },
    { Received: item, Moved: versioned(2, item, { 1: (old) => old as { sku: string } }) },
  );
  expect(jsonSchemaOf(registry)).toEqual({
    name: 'shop.stock',
    topic: 'shop.stock',
    types: {
      Received: { version: 1, schema: { type: 'object', required: ['sku'] } },
      Moved: { version: 2, schema: { type: 'object', required: ['sku'] } },
    },
  });
});

const unsayable = described(() => {
  throw new RangeError('Transforms cannot be represented');
});

test.each([
  ['exports none', type<{ sku: string }>(), 'Event Odd of "shop.odd" has a schema of "logfold", which exports no'],
  ['JSON Schema cannot say', unsayable, 'Event Odd of "shop.odd" has no JSON Schema: Transforms cannot be'],
])('a schema that %s is refused by its name', (_, schema, text) => {
  const registry = events('shop.odd', { partitions: 1 }, { Odd: schema });
  expect(() => jsonSchemaOf(registry)).toThrow(InvalidDefinition);
  expect(() => jsonSchemaOf(registry)).toThrow(text);
});
