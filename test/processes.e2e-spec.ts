import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { logfold, type Logfold, type Recorded } from '@logfold/core';
import { postgresDatabase } from '@logfold/postgres';
import { checkProcesses, eventually } from '@logfold/testing';
import { build, startChild, type Child } from './support/child.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import {
  checkout,
  Order,
  OrderCommands,
  PIECES,
  someOrder,
  Stock,
  StockCommands,
  wrongWith,
} from './support/processes/checkout.mjs';
import { seeded } from './support/simulation/random.js';

const PATIENCE = { timeoutMs: 60_000 };
const LONG_MS = 150_000;
const LEASE_MS = 1_000;

/** Orders of the run at random; CHECKOUTS=1000 for more. */
const ORDERS = Number(process.env['CHECKOUTS'] ?? 80);

const CRASH_POINTS = [
  'process.after-react',
  'process.mid-compensation',
  'process.after-command',
  'process.timer-taken',
  'process.timer-fired',
];

let database: TestDatabase;
let shop: Logfold;
let children: Child[] = [];
let placed = 0;
const random = seeded(Number(process.env['SEED'] ?? Date.now() % 1_000_000));
const below = (limit: number): number => Math.floor(random() * limit);

beforeAll(async () => {
  build('libs/postgres', 'libs/testing');
  database = await testDatabase();
  shop = logfold({
    database: postgresDatabase({ service: 'shop', url: database.url }),
    definitions: [Order, Stock, checkout()],
    run: 'nothing',
  });
  await shop.start();
  for (const [sku, quantity] of Object.entries(PIECES))
    if (quantity > 0) await shop.handler(Stock).handle(StockCommands.Receive({ sku, quantity }));
}, LONG_MS);
afterEach(async () => {
  await Promise.all(children.map((child) => (isAlive(child) ? child.end() : undefined)));
  children = [];
});
afterAll(async () => {
  await shop?.stop();
  await database?.drop();
});

describe('Process managers in processes that are killed', () => {
  test(
    `end once, whatever the crash point: ${CRASH_POINTS.join(', ')}`,
    async () => {
      for (const point of CRASH_POINTS) {
        const dying = start({ LOGFOLD_FAILPOINTS: `${point}=kill@2` });
        await eventually(async () => {
          await place(2);
          await payOne();
          expect(dying.process.signalCode).toBe('SIGKILL');
        }, PATIENCE);
      }
      start();
      await allEnded();
    },
    LONG_MS,
  );

  test(
    `end once, all ${ORDERS}, while two processes are killed at random, customers pay or do not, and stock runs out`,
    async () => {
      start();
      start();
      const last = placed + ORDERS;
      for (let kills = 0; placed < last || kills < 2;) {
        await place(1 + below(5));
        for (let payments = below(4); payments > 0; payments--) await payOne();
        const living = children.filter((child) => isAlive(child) && child.lines.includes('started'));
        if (living.length === 2 && below(4) === 0) {
          await living[below(2)]!.end();
          start();
          kills++;
        }
      }
      await allEnded();
    },
    LONG_MS,
  );
});

function start(env: Readonly<Record<string, string>> = {}): Child {
  const child = startChild('test/support/processes/shop.mjs', [database.url, String(LEASE_MS)], env);
  children.push(child);
  return child;
}

function isAlive({ process: { exitCode, signalCode } }: Child): boolean {
  return exitCode === null && signalCode === null;
}

async function place(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await shop.handler(Order).handle(someOrder(`o-${placed++}`, below));
}

/** A customer pays a recent order, maybe too early, too late or twice. */
async function payOne(): Promise<void> {
  const orderId = `o-${Math.max(0, placed - 1 - below(6))}`;
  await shop
    .handler(Order)
    .handle(OrderCommands.Pay({ orderId }))
    .catch((error: unknown) => expect(error).toMatchObject({ code: 'command-rejected' }));
}

/** Everything has come to its end, once, and nothing is left over. */
async function allEnded(): Promise<void> {
  await eventually(async () => expect(wrongWith(await wholeLog())).toEqual([]), PATIENCE);
  await eventually(async () => expect(await shop.database.timers.list()).toEqual([]), PATIENCE);
  expect(checkProcesses(await wholeLog(), { pending: new Set() })).toEqual([]);
  expect(await shop.database.parked.list()).toEqual([]);
  expect(children.flatMap(({ lines }) => lines.filter((line) => /gave up|parked/.test(line)))).toEqual([]);
}

async function wholeLog(): Promise<Recorded[]> {
  const log: Recorded[] = [];
  for await (const { events } of shop.database.events.readLog({ after: 0n })) log.push(...events);
  return log;
}
