import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { JSON_DEPTH_LIMIT, JSON_KEYS_LIMIT, parseForeignJson, unsafeJson } from './json.js';

const nested = (levels: number): unknown => (levels === 1 ? [] : [nested(levels - 1)]);
const wide = (names: number) => Object.fromEntries(Array.from({ length: names }, (_, n) => [`p${n}`, n]));

describe('data that is to be stored', () => {
  test.each([
    ['__proto__', '{"a": [{"__proto__": {"admin": true}}]}'],
    ['constructor', '{"constructor": {"prototype": {}}}'],
    ['prototype', '[[{"prototype": 1}]]'],
    ['an escaped __proto__', '{"\\u005f_proto__": 1}'],
  ])('is refused with a property named %s', (name, text) => {
    expect(unsafeJson(JSON.parse(text))).toContain(`"${name.replace('an escaped ', '')}"`);
  });

  test('may be nested so deep, and have so many properties, and no more', () => {
    expect(unsafeJson(nested(JSON_DEPTH_LIMIT))).toBeUndefined();
    expect(unsafeJson(nested(JSON_DEPTH_LIMIT + 1))).toContain('deeper than 32');
    expect(unsafeJson({ list: [wide(JSON_KEYS_LIMIT)] })).toBeUndefined();
    expect(unsafeJson({ list: [wide(JSON_KEYS_LIMIT + 1)] })).toContain('1001 properties');
  });

  test('may hold these words as values', () => {
    expect(unsafeJson({ a: '__proto__', list: ['constructor', null, 1] })).toBeUndefined();
  });
});

describe('JSON of somebody else', () => {
  test.each(['{"a":1,"__proto__":{"admin":true}}', '{"a":1,"\\u005f\\u005fproto__":{"admin":true}}'])(
    '%s is read without what would change every object',
    (text) => {
      const read = parseForeignJson(text) as object;
      expect(Object.keys(read)).toEqual(['a']);
      expect((Object.assign({}, read) as { admin?: boolean }).admin).toBeUndefined();
    },
  );

  test('is read as it is otherwise', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(unsafeJson(value) === undefined);
        expect(parseForeignJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
