import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidDefinition, InvalidStreamName } from './errors.js';
import { checkDottedName, checkIdentifier, checkStreamName, STREAM_NAME_LIMIT } from './names.js';

describe('the name of a stream', () => {
  const category = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/);

  test('may hold anything printable behind its category', () => {
    const id = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((text) => !/\p{Cc}/u.test(text) && text.length <= 200);
    fc.assert(fc.property(category, id, (name, text) => checkStreamName(`${name}-${text}`)));
  });

  test.each([`it's`, '"quoted"', `'; DROP TABLE events; --`, 'a\\b', '$1', 'a-b-c', ' ', 'שלום', 'مرحبا', '👩‍👩‍👧‍👦', '-'])(
    'may end in %j',
    (id) => {
      expect(() => checkStreamName(`order-${id}`)).not.toThrow();
    },
  );

  test('is refused with a control character, wherever it stands', () => {
    const control = fc
      .integer({ min: 0, max: 0x9f })
      .filter((code) => code < 0x20 || code >= 0x7f)
      .map((code) => String.fromCharCode(code));
    const text = fc.string({ maxLength: 20 });
    fc.assert(
      fc.property(category, text, control, text, (name, before, character, after) => {
        expect(() => checkStreamName(`${name}-${before}${character}${after}`)).toThrow(InvalidStreamName);
      }),
    );
  });

  test('is refused with half a surrogate pair', () => {
    const half = fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(category, half, (name, character) => {
        expect(() => checkStreamName(`${name}-a${character}b`)).toThrow(InvalidStreamName);
      }),
    );
  });

  test('is refused without a category or without an id', () => {
    for (const stream of ['', '-', 'order', 'order-', '-42'])
      expect(() => checkStreamName(stream)).toThrow(InvalidStreamName);
  });

  test('may be as long as the limit, and no longer', () => {
    const stream = `order-${'x'.repeat(STREAM_NAME_LIMIT - 6)}`;
    expect(() => checkStreamName(stream)).not.toThrow();
    expect(() => checkStreamName(`${stream}x`)).toThrow(InvalidStreamName);
  });

  test('of 10,000 characters is refused in a short sentence', () => {
    const error = thrownBy(() => checkStreamName(`order-${'😀'.repeat(5_000)}`));
    expect(error).toBeInstanceOf(InvalidStreamName);
    expect(String(error).length).toBeLessThan(400);
  });

  test('never fails with another error, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (stream) => {
        const error = thrownBy(() => checkStreamName(stream));
        expect(error === undefined || error instanceof InvalidStreamName).toBe(true);
      }),
    );
  });
});

describe('an identifier', () => {
  test('holds nothing but what may stand in SQL unquoted', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (name) => {
        const accepted = thrownBy(() => checkIdentifier('Read model', name)) === undefined;
        expect(accepted).toBe(/^[a-z][a-z0-9_]*$/.test(name) && name.length <= 48 && !name.includes('\n'));
      }),
    );
  });

  test.each(['', '1a', '_a', 'A', 'a b', 'a;b', 'a"b', 'a\n', 'é', 'x'.repeat(49)])('%j is refused', (name) => {
    expect(() => checkIdentifier('Service', name)).toThrow(InvalidDefinition);
  });
});

describe('a dotted name', () => {
  test('is made of identifiers with dots between them', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,10}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => checkDottedName('Topic', words.join('.'))),
    );
  });

  test.each(['', '.', 'a.', '.a', 'a..b', 'a.B', 'a.1', 'a b', 'a\n', 'x'.repeat(201)])('%j is refused', (name) => {
    expect(() => checkDottedName('Topic', name)).toThrow(InvalidDefinition);
  });
});

function thrownBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
