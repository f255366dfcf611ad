import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Stock, StockCommands } from '@logfold-example/inventory';
import { Checkout, Order, OrderCommands } from '@logfold-example/ordering';
import { Identities } from '../apps/retail/src/identities.js';
import { logfold, type Logfold } from '@logfold/core';
import { postgresDatabase, postgresTopics, type PostgresTopics } from '@logfold/postgres';
import { checkProcesses, eventually } from '@logfold/testing';
import { build, startChild, type Child } from './support/child.js';
import { testDatabase, type TestDatabase } from './support/database.js';
import { seeded } from './support/simulation/random.js';

const PATIENCE = { timeoutMs: 120_000 };
const LONG_MS = 1_200_000;
const LEASE_MS = 1_000;

/** Orders of the run; ORDERS=1000 for more. SEED repeats what customers do, not when processes die. */
const ORDERS = Number(process.env['ORDERS'] ?? 60);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const random = seeded(seed);
const below = (limit: number): number => Math.floor(random() * limit);
const SKUS = ['tea', 'cup', 'pot', 'lid'];

let database: TestDatabase;
let topics: PostgresTopics;
let inventory: Logfold;
let ordering: Logfold;
let children: Child[] = [];
let placed = 0;

beforeAll(async () => {
  build('apps/inventory', 'apps/ordering', 'libs/testing');
  database = await testDatabase();
  const { url } = database;
  topics = postgresTopics({ url, services: { inventory: 'inventory', ordering: 'ordering' } });
  const opened = (service: string) => postgresDatabase({ service, schema: service, url });
  inventory = logfold({ database: opened('inventory'), definitions: [Stock], topics, run: 'nothing' });
  ordering = logfold({ database: opened('ordering'), definitions: [Order, Checkout], topics, run: 'nothing' });
  await inventory.start();
  await ordering.start();
}, LONG_MS);
afterAll(async () => {
  await Promise.all(children.map((child) => (isAlive(child) ? child.end() : undefined)));
  await inventory?.stop();
  await ordering?.stop();
  await topics?.close();
  await database?.drop();
}, LONG_MS);

test(
  `${ORDERS} orders end once each, shipped or cancelled and released, while two processes are killed at random (seed ${seed})`,
  async () => {
    for (const sku of SKUS)
      await inventory.handler(Stock).handle(StockCommands.ReceiveStock({ sku, quantity: Math.ceil(ORDERS * 1.2) }));
    start();
    start();
    let kills = 0;
    for (; placed < ORDERS || kills < 3;) {
      for (let n = 1 + below(6); n > 0 && placed < ORDERS; n--) await place();
      for (let n = below(8); n > 0; n--) await pay(`o-${below(placed)}`);
      for (let n = below(8); n > 0; n--) await ship(`o-${below(placed)}`);
      const living = children.filter((child) => isAlive(child) && child.lines.includes('started'));
      if (living.length === 2 && (below(3) === 0 || placed >= ORDERS)) {
        await living[below(2)]!.end();
        start();
        kills++;
      }
    }
    await eventually(async () => {
      for (const orderId of (await judged()).open) await ship(orderId); // what is paid by now
      const identities = await judged();
      expect({ wrong: identities.wrong, open: identities.open, atRest: identities.atRest() }).toEqual({
        wrong: [],
        open: [],
        atRest: [],
      });
    }, PATIENCE);
    const log = await wholeLog(ordering);
    expect(checkProcesses(log)).toEqual([]);
    const ends = Object.groupBy(
      log.filter(({ type }) => type === 'OrderShipped' || type === 'OrderCancelled'),
      ({ type }) => type,
    );
    expect([ends['OrderShipped']!.length > 0, ends['OrderCancelled']!.length > 0]).toEqual([true, true]);
    expect([...(await inventory.database.parked.list()), ...(await ordering.database.parked.list())]).toEqual([]);
    expect(children.flatMap(({ lines }) => lines.filter((line) => /gave up|parked/.test(line)))).toEqual([]);
  },
  LONG_MS,
);

function start(): void {
  children = [...children, startChild('test/support/retailer/retailer.mjs', [database.url, String(LEASE_MS)])];
}

function isAlive({ process: { exitCode, signalCode } }: Child): boolean {
  return exitCode === null && signalCode === null;
}

/** An order of one product to three; most customers have little patience. */
async function place(): Promise<void> {
  const lines = Array.from({ length: 1 + below(3) }, () => ({
    sku: SKUS[below(SKUS.length)]!,
    location: 'main',
    quantity: 1 + below(3),
    unitPrice: 1_000,
  }));
  const payWithin = below(3) === 0 ? 'PT1S' : 'PT20S';
  const placedAt = new Date().toISOString();
  await ordering
    .handler(Order)
    .handle(OrderCommands.PlaceOrder({ orderId: `o-${placed++}`, lines, placedAt, payWithin }));
}

const pay = (orderId: string) => maybe(OrderCommands.MarkPaid({ orderId }));
const ship = (orderId: string) => maybe(OrderCommands.MarkShipped({ orderId }));

/** Maybe too early, too late or twice. */
async function maybe(
  command: ReturnType<typeof OrderCommands.MarkPaid | typeof OrderCommands.MarkShipped>,
): Promise<void> {
  await ordering
    .handler(Order)
    .handle(command)
    .catch((error: unknown) => expect(error).toMatchObject({ code: 'command-rejected' }));
}

/** Both logs, event by event: what holds at every position is looked at there. */
async function judged(): Promise<Identities> {
  const identities = new Identities();
  for (const event of await wholeLog(ordering)) identities.order(event);
  for (const event of await wholeLog(inventory)) identities.stock(event);
  return identities;
}

async function wholeLog({ database: { events } }: Logfold) {
  const log = [];
  for await (const { events: some } of events.readLog({ after: 0n })) log.push(...some);
  return log;
}
