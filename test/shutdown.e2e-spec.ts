import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { eventually } from '@logfold/testing';
import { build, startChild, type Child } from './support/child.js';
import { collector, type Collector } from './support/collector.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { get, post } from './support/http.js';

const LONG_MS = 600_000;
const PATIENCE = { timeoutMs: 180_000 };
const CLIENTS = 16;
const SOME = 60;

let database: TestDatabase;
let sql: postgres.Sql;
let telemetry: Collector;
let first: Child;
let second: Child;

beforeAll(async () => {
  build('apps/retail', 'libs/testing');
  [database, telemetry] = await Promise.all([testDatabase(), collector()]);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  first = start();
  await urlOf(first); // it migrates, alone
  await eventually(async () => expect(await leasesOf(first)).toBeGreaterThan(5), PATIENCE);
  second = start();
  await urlOf(second);
}, LONG_MS);
afterAll(async () => {
  for (const child of [first, second]) if (child?.process.exitCode === null) await child.end();
  await sql?.end({ timeout: 1 });
  await telemetry?.close();
  await database?.drop();
}, LONG_MS);

describe('A process under load that is told to end by SIGTERM', () => {
  test(
    'answers what it has taken, loses nothing of it, gives its leases away, and ends with 0',
    async () => {
      const url = await urlOf(first);
      await post(`${await urlOf(second)}/inventory/stock/tea/receive`, { quantity: 1_000_000 });
      const load = underLoad(url);
      await eventually(() => expect(load.acknowledged.size).toBeGreaterThan(SOME), PATIENCE);
      const before = load.acknowledged.size;

      const code = await first.end('SIGTERM');

      expect(code).toBe(0);
      expect(await leasesOf(first)).toBe(0);
      await load.stopped;
      expect(load.acknowledged.size).toBeGreaterThan(before); // what was under way was answered
      expect([...load.statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]); // 503: come too late
      const stored = await sql`SELECT stream FROM ordering.events WHERE type = 'OrderPlaced'`;
      const streams = new Set(stored.map((row) => row['stream'] as string));
      expect([...load.acknowledged].filter((id) => !streams.has(`order-${id}`))).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'leaves its loops to the other process, which brings every order to its row',
    async () => {
      await eventually(async () => {
        const [placed] = await sql`SELECT count(*)::int AS orders FROM ordering.events WHERE type = 'OrderPlaced'`;
        const rows = await sql`SELECT status, count(*)::int AS orders FROM ordering.order_tracker GROUP BY 1`;
        expect(rows).toEqual([{ status: 'allocated', orders: placed!['orders'] }]);
      }, PATIENCE);
      expect(await leasesOf(second)).toBeGreaterThan(5);
      expect(await get(`${await urlOf(second)}/health`)).toMatchObject({ status: 200, body: { reasons: [] } });
      expect(await second.end('SIGTERM')).toBe(0);
    },
    LONG_MS,
  );
});

test('A process that is told to end hands everything over, whatever fails meanwhile that nobody waits for, and tells of it', async () => {
  const env = { DATABASE_URL: 'postgres://localhost/none', PORT: '0' };
  const restless = startChild('test/support/restless-service.mjs', [], env);
  await eventually(() => expect(restless.lines).toContain('open'), PATIENCE);
  expect(await restless.end('SIGTERM')).toBe(0);
  await eventually(() => {
    expect(restless.lines).toContain('handed over');
    expect(restless.lines.join()).toContain('While it ended: RangeError: nobody waits for this');
  });
});

describe('What the collector got of the first process, which has ended', () => {
  test('goes on from the request to the command and its append, and holds no payload', () => {
    const spans = telemetry.spans();
    const requests = new Set(spans.filter(({ name }) => name === 'POST').map(({ spanId }) => spanId));
    const commands = spans.filter(({ name }) => name === 'handle PlaceOrder');
    expect(commands.length).toBeGreaterThan(SOME);
    expect(commands.filter(({ parentSpanId }) => !requests.has(parentSpanId!))).toEqual([]);
    const parents = new Set(spans.filter(({ name }) => name === 'append ordering').map((span) => span.parentSpanId));
    const alone = commands.find(({ spanId }) => parents.has(spanId))!; // others share the append of one
    const below = spans.filter(
      ({ traceId, parentSpanId }) => traceId === alone.traceId && parentSpanId === alone.spanId,
    );
    expect(below.map(({ name }) => name)).toContain('append ordering');
    expect(telemetry.metrics()).toContain('logfold.subscription.lag');
    expect(telemetry.text()).not.toContain('CANARY');
  });
});

function start(): Child {
  const script = 'apps/retail/dist/main.js';
  return startChild('--import', ['./apps/hosting/dist/telemetry.js', script], {
    DATABASE_URL: database.url,
    SIMULATE: 'off',
    PORT: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: telemetry.endpoint,
    OTEL_SERVICE_NAME: 'retail',
    OTEL_METRIC_EXPORT_INTERVAL: '300',
  });
}

function urlOf(child: Child): Promise<string> {
  return eventually(() => {
    const url = child.lines.flatMap((line) => /^ +API +(http:\/\/[^/]+)/.exec(line)?.[1] ?? [])[0];
    expect(url).toBeDefined();
    return url!;
  }, PATIENCE);
}

/** How many leases a process holds: names of owners begin with the process's id. */
async function leasesOf({ process: { pid } }: Child): Promise<number> {
  const rows = await sql`
    SELECT name FROM ordering.leases WHERE owner LIKE ${`${pid}-%`} AND expires_at > clock_timestamp()
    UNION ALL SELECT name FROM inventory.leases WHERE owner LIKE ${`${pid}-%`} AND expires_at > clock_timestamp()`;
  return rows.length;
}

/** Clients that place orders one after the other, until nobody listens any more. */
function underLoad(url: string): {
  readonly acknowledged: Set<string>;
  readonly statuses: Set<number>;
  readonly stopped: Promise<unknown>;
} {
  const acknowledged = new Set<string>();
  const statuses = new Set<number>();
  const lines = [{ sku: 'tea', quantity: 1, unitPrice: 1 }];
  const client = async (name: number): Promise<void> => {
    for (let count = 0; ; count++) {
      const orderId = `o${name}x${count}`;
      const answer = await post(`${url}/orders`, { orderId, lines }, { baggage: 'user=CANARY' }).catch(() => undefined);
      if (!answer) return; // refused: it has ended
      statuses.add(answer.status);
      if (answer.status === 200) acknowledged.add(orderId);
      else return;
    }
  };
  const stopped = Promise.all(Array.from({ length: CLIENTS }, (_, name) => client(name)));
  return { acknowledged, statuses, stopped };
}
