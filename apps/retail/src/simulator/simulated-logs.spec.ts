import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Count, CountCommands, CountEvents, SettleCounts, Stock, StockLevels } from '@logfold-example/inventory';
import { Checkout, Customer, Order, Return, TakeBack } from '@logfold-example/ordering';
import { CommandRejected, foldRows, logfold, logTopics, reaction, type Logfold, type Recorded } from '@logfold/core';
import { eventually, memory } from '@logfold/testing';
import { Identities, type Ledger } from '../identities.js';
import { between, seededRandom } from './random.js';
import { trader, type OrderCommand, type Trade } from './trader.js';

const TRADES = 700;
const SEED = 20_260_105;

const databases = { inventory: memory({ service: 'inventory' }), ordering: memory({ service: 'ordering' }) };
const topics = logTopics(databases);
/** As Nest makes it of its class. */
const settleCounts = reaction({
  name: 'settle-counts',
  from: [CountEvents],
  startFrom: 'beginning',
  on: {
    CountRecorded: (event, context) =>
      new SettleCounts(inventory.handler(Stock), inventory.rows(StockLevels), inventory.handler(Count)).settle(
        event,
        context,
      ),
  },
});
let inventory: Logfold;
let ordering: Logfold;
let stock: readonly Recorded[];
let orders: readonly Recorded[];

beforeAll(async () => {
  const definitions = [Stock, StockLevels, Count, settleCounts];
  inventory = logfold({ database: databases.inventory, definitions, topics, commandsFrom: ['ordering'] });
  const ofOrders = [Order, Checkout, Customer, Return, TakeBack];
  ordering = logfold({ database: databases.ordering, definitions: ofOrders, topics });
  await inventory.start();
  await ordering.start();
  const trading = trader(SEED, Date.UTC(2026, 0, 5));
  for (let count = 0; count < TRADES; count++) await trade(trading.next().value);
  await eventually(async () => {
    stock = await logOf(inventory);
    orders = await logOf(ordering);
    const identities = folded(stock, orders);
    expect({ atRest: identities.atRest(), sum: identities.sum() }).toEqual({ atRest: [], sum: 0 });
    const of = (type: string) => stock.filter((event) => event.type === type).length;
    expect(of('StockCounted')).toBe(of('CountRecorded'));
  });
});
afterAll(async () => {
  await inventory.stop();
  await ordering.stop();
});

describe('the logs that the simulator makes', () => {
  it('hold orders that came to each of their ends, and some that are under way', () => {
    const identities = folded(stock, orders);
    for (const status of ['allocated', 'paid', 'shipped', 'cancelled'] as const)
      expect({ status, count: identities.count(status) }).not.toEqual({ status, count: 0 });
    expect(identities.count('shipped')).toBeGreaterThan(5);
    expect(identities.count('cancelled')).toBeGreaterThan(5);
    expect(identities.open).not.toEqual([]);
  });

  it('hold returns that were refunded, refused and cancelled, and some that wait for their receipt', () => {
    const { returns } = folded(stock, orders);
    for (const status of ['accepted', 'refused', 'cancelled', 'refunded'] as const)
      expect({ status, count: returns.count(status) }).not.toEqual({ status, count: 0 });
    for (const type of ['StockReturned', 'DamagedStockReturned', 'StockScrapped'])
      expect({ type, found: stock.some((event) => event.type === type && event.data.returnId) }).toEqual({
        type,
        found: true,
      });
  });

  it('hold counts that found the ledger right, and some that corrected it', () => {
    const counts = stock.filter(({ type }) => type === 'StockCounted').map(({ data }) => data);
    for (const outcome of ['right', 'adjusted']) expect(counts).toContainEqual(expect.objectContaining({ outcome }));
    const corrections = stock.filter(({ type, data }) => type === 'StockAdjusted' && data.countId);
    expect(corrections.map(({ data }) => [data.countId, data.quantity])).toEqual(
      counts.flatMap(({ countId, outcome, counted, onHand }) =>
        outcome === 'adjusted' ? [[countId, counted - onHand]] : [],
      ),
    );
  });

  it('satisfy the identities at 100 random positions', () => {
    const random = seededRandom(`positions ${SEED}`);
    for (let count = 0; count < 100; count++) {
      const until = { stock: between(random, 1, stock.length), orders: between(random, 1, orders.length) };
      const { wrong, ledgers } = folded(stock.slice(0, until.stock), orders.slice(0, until.orders));
      expect({ ...until, wrong }).toEqual({ ...until, wrong: [] });

      const { written } = foldRows(StockLevels, new Map(), stock.slice(0, until.stock));
      const rows = [...written.values()] as StockLevel[];
      expect({ ...until, ledgers: new Map(rows.map((row) => [`${row.sku}@${row.location}`, ledgerOf(row)])) }).toEqual({
        ...until,
        ledgers,
      });
      const torn = rows.filter((row) => row.onHand !== row.available + row.reserved + row.committed + row.damaged);
      expect({ ...until, torn }).toEqual({ ...until, torn: [] });
      const sum = rows.reduce(
        (all, row) => all + row.received + row.returned + row.adjusted - row.onHand - row.shipped - row.scrapped,
        0,
      );
      expect({ ...until, sum }).toEqual({ ...until, sum: 0 });
    }
  });
});

type StockLevel = Readonly<Record<'sku' | 'location', string>> &
  Readonly<Record<'received' | 'returned' | 'adjusted' | 'onHand' | Exclude<keyof Ledger, 'outside'>, number>>;

/** What the read model says where the ledger says it too. */
function ledgerOf(row: StockLevel): Ledger {
  const { received, returned, adjusted, available, reserved, committed, damaged, shipped, scrapped } = row;
  return { outside: received + returned + adjusted, available, reserved, committed, damaged, shipped, scrapped };
}

/** Trades with the stock, with orders and with returns; whoever only looks is passed over. Refusals are part of trading. */
async function trade(trading: Trade): Promise<void> {
  const { service, command } = trading;
  if (service === 'insight') return;
  if (service === 'ordering' && command.type !== 'PlaceOrder')
    await answered(command.stream, 'OrderAllocated', 'OrderCancelled');
  if (service === 'returns' && command.type !== 'RequestReturn')
    await answered(command.stream, 'ReturnAccepted', 'ReturnRefused');
  await handled(trading).catch((error: unknown) => expect(error).toBeInstanceOf(CommandRejected));
}

async function handled(trading: Trade): Promise<unknown> {
  const { service, command } = trading;
  if (service === 'counts') {
    const count = inventory.handler(Count);
    await count.handle(command);
    const level = await inventory.rows(StockLevels).find({ sku: command.data.sku, location: command.data.location });
    const counted = Math.max(0, (level?.onHand ?? 0) + trading.variance);
    return count.handle(CountCommands.RecordCount({ countId: command.data.countId, counted }));
  }
  if (service === 'inventory') return inventory.handler(Stock).handle(command);
  if (service === 'returns') return ordering.handler(Return).handle(command);
  return ordering.handler(Order).handle(command as OrderCommand);
}

/** A customer waits until the stock has answered before anything else is done with the order; so with returns, and the order. */
async function answered(stream: string, ...answers: string[]): Promise<void> {
  await eventually(async () => {
    const types = (await ordering.database.events.readStream(stream)).map(({ type }) => type);
    expect(types.some((type) => answers.includes(type))).toBe(true);
  });
}

async function logOf({ database: { events } }: Logfold): Promise<readonly Recorded[]> {
  const log: Recorded[] = [];
  for await (const batch of events.readLog({ after: 0n })) log.push(...batch.events);
  return log;
}

function folded(ofStock: readonly Recorded[], ofOrders: readonly Recorded[]): Identities {
  const identities = new Identities();
  for (const event of ofStock) identities.stock(event);
  for (const event of ofOrders) identities.order(event);
  return identities;
}
