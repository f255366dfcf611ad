import fc from 'fast-check';

/** A request that nobody means well with; nothing of it is too odd for a client of HTTP to send. */
export interface HostileRequest {
  readonly method: 'GET' | 'POST';
  /** Behind the address of the server. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a header may hold: any byte that is no control character, a tab, and nothing at either end. */
const headerText = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
      fc.integer({ min: 0x80, max: 0xff }),
      fc.constant(9),
    ),
    { maxLength: 400 },
  )
  .map((codes) => String.fromCharCode(...codes).trim());

const hex = (length: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...'0123456789abcdefABCDEFg'), { minLength: length - 1, maxLength: length + 1 }).map(join);
const join = (parts: readonly string[]): string => parts.join('');

const traceparent = fc.oneof(
  headerText,
  fc.tuple(hex(2), hex(32), hex(16), hex(2)).map((parts) => parts.join('-')),
  fc.constantFrom(
    `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`,
    `ff-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01-extra`,
  ),
);

const place = fc
  .tuple(
    fc.constantFrom('inventory', 'ordering', 'nowhere', '', 'Inventory'),
    fc.oneof(fc.bigInt().map(String), headerText),
    fc.oneof(fc.uuid(), headerText),
    fc.oneof(fc.uuid(), fc.constant('')),
    fc.constantFrom('inventory-stock', 'ordering-order', '', '..'),
    fc.base64String({ maxLength: 40 }),
  )
  .map((parts) => parts.join('.'));
const waitFor = fc.oneof(
  headerText,
  fc.array(place, { maxLength: 30 }).map((places) => places.join('~')),
);

const key = fc.oneof(
  headerText,
  headerText.map((text) => `"${text}"`),
  fc.constant('k'.repeat(4_000)),
);

const version = fc.oneof(
  headerText,
  fc.constantFrom('*', '"1"', 'W/"1"', '"1", "2"', '"-1"', '1e3', '"00000000001"', '"999999999999999999999"', '""'),
);

const headers = fc.record(
  {
    traceparent,
    tracestate: headerText,
    baggage: headerText,
    'idempotency-key': key,
    'logfold-wait-for': waitFor,
    'if-match': version,
    'x-correlation-id': headerText,
  },
  { requiredKeys: [] },
);

const commandPath = fc.constantFrom(
  '/inventory/stock/JAR/receive',
  '/inventory/stock/JAR/reserve',
  '/inventory/stock/JAR/adjust',
  '/inventory/stock/JAR/expect',
  '/orders',
);

/** Good requests but for their headers: commands and queries. */
export const withHostileHeaders: fc.Arbitrary<HostileRequest> = fc.oneof(
  headers.map((given) => ({
    method: 'POST' as const,
    path: '/inventory/stock/JAR/receive',
    headers: { ...given, 'content-type': 'application/json' },
    body: '{"quantity":1}',
  })),
  fc
    .tuple(headers, fc.constantFrom('/inventory/stock/JAR', '/inventory/out-of-stock', '/orders'))
    .map(([given, path]) => ({ method: 'GET' as const, path, headers: given })),
);

const deep = fc
  .tuple(fc.constantFrom('[', '{"a":', '{"quantity":', '[{"":'), fc.constantFrom(30, 1_000, 100_000), fc.boolean())
  .map(([open, depth, closed]) => {
    const ends = [...open].filter((letter) => letter === '[' || letter === '{').reverse();
    const close = ends.map((letter) => (letter === '[' ? ']' : '}')).join('');
    return open.repeat(depth) + '1' + (closed ? close.repeat(depth) : '');
  });

const polluting = fc
  .tuple(fc.constantFrom('__proto__', 'constructor', 'prototype', '\\u005f_proto__'), fc.json({ maxDepth: 2 }))
  .map(([name, value]) => `{"quantity":1,"${name}":${value},"lines":[{"${name}":${value}}]}`);

const odd = fc.constantFrom(
  '',
  '{"quantity":1e999}',
  '{"quantity":-0.1}',
  '{"quantity":1,"quantity":"x"}',
  '{"quantity":9007199254740993}',
  '{"quantity":1,"location":"a\\u0000b"}',
  '{"quantity":1,"location":"\\ud800"}',
  `{${Array.from({ length: 5_000 }, (_, n) => `"p${n}":1`).join()}}`,
  `{"orderId":"x","lines":[${Array.from({ length: 3_000 }, () => '{}').join()}]}`,
  JSON.stringify({ reason: 'x'.repeat(1_100_000) }),
  '\ufeff{"quantity":1',
);

/** Commands whose bodies are none: none of them may be accepted. */
export const withHostileBodies: fc.Arbitrary<HostileRequest> = fc
  .tuple(
    commandPath,
    fc.oneof(fc.json({ maxDepth: 4 }), fc.string({ unit: 'binary', maxLength: 200 }), deep, polluting, odd),
    fc.record({ 'idempotency-key': fc.uuid() }, { requiredKeys: [] }),
    fc.constantFrom('application/json', 'application/json; charset=latin1', 'text/plain', 'application/x-www-form'),
  )
  .map(([path, body, given, type]) => ({ method: 'POST', path, headers: { ...given, 'content-type': type }, body }));

/** Queries and commands at addresses that nobody would make. */
export const atHostileAddresses: fc.Arbitrary<HostileRequest> = fc
  .tuple(
    fc.constantFrom('/inventory/stock/', '/inventory/stock-timeline/JAR/', '/sales/', '/orders/', '/orders?limit='),
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 120 }).map((text) => encodeURIComponent(text.toWellFormed())),
      fc.constantFrom(
        '%',
        '%00',
        '%ff%fe',
        '..%2f..',
        '__proto__',
        'constructor',
        '-1',
        'NaN',
        '1&limit=2',
        'a'.repeat(2_000),
      ),
    ),
    fc.constantFrom('', '?limit=-1', '?after=%00', '?position=1e9', '?time=0', '?__proto__[x]=1', '?limit=1&limit=2'),
  )
  .map(([before, part, query]) => ({ method: 'GET', path: before + part + query, headers: {} }));
