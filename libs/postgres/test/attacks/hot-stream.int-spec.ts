import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CommandRejected,
  fold,
  type Append,
  type Appended,
  type Database,
  type EventOf,
  type EventStore,
  type Handled,
} from '@logfold/core';
import { openShop, type OpenShop } from '../support/shop.js';
import { allOf, receive, reserve, Stock, StockEvents, stockOf } from '../support/reservations.js';

const WRITERS = 64;
const ORDERS_EACH = 6;
const PIECES = 250;

let shop: OpenShop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.close());

describe('Sixty-four writers of one SKU', () => {
  test('in one process sell every piece once, and each is told the truth', async () => {
    const { lies, sold, log } = await sell([shop.database as Database]);
    expect(lies).toEqual([]);
    expect({ sold, events: log }).toEqual({ sold: PIECES, events: PIECES + 1 });
  });

  test('in two processes, beside a third that receives more, sell every piece once, and each is told the truth', async () => {
    const more = stockOf(shop.another() as Database);
    const receiving = Promise.all(Array.from({ length: 20 }, () => more.handle(receive(1))));
    const { lies, sold } = await sell([shop.database as Database, shop.another() as Database]);
    await receiving;
    expect(lies).toEqual([]);
    expect(sold).toBeGreaterThanOrEqual(PIECES);
    expect(sold).toBeLessThanOrEqual(PIECES + 20);
  });

  test('are told lies by mailboxes that answer before the commit, which the attack sees', async () => {
    const planted = [shop.database, shop.another()].map((each) => {
      const database = each as Database;
      return { events: answeringEarly(database.events), commands: database.commands };
    });
    const { lies } = await sell(planted);
    expect(lies.length).toBeGreaterThan(0);
  });
});

interface Sale {
  /** Whatever was told and is not so. */
  readonly lies: readonly string[];
  readonly sold: number;
  /** Events in the stream. */
  readonly log: number;
}

/** Lets the writers ask for more than there is, some of it under keys that are sent twice, and judges what they were told. */
async function sell(processes: readonly Pick<Database, 'events' | 'commands'>[]): Promise<Sale> {
  await stockOf(shop.another() as Database).handle(receive(PIECES));
  const stocks = processes.map((each) => stockOf(each));
  const told = new Map<string, Handled | CommandRejected>();
  const writer = async (index: number): Promise<void> => {
    for (let n = 0; n < ORDERS_EACH; n++) {
      const orderId = `order-${index}-${n}`;
      const options = n % 2 ? { idempotencyKey: orderId } : {};
      const ask = () => stocks[index % stocks.length]!.handle(reserve(orderId), options).catch(rejection);
      const [answer] = await Promise.all(n % 2 ? [ask(), ask()] : [ask()]);
      told.set(orderId, answer!);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, index) => writer(index)));
  return judge(told);
}

/** Compares what writers were told with the log. A rejection is true when there was a time at which nothing was left. */
async function judge(told: ReadonlyMap<string, Handled | CommandRejected>): Promise<Sale> {
  const stored = await allOf(shop.database as Database);
  const lies: string[] = [];
  const versions = new Map<string, number[]>();
  let state = Stock.initial();
  let soldOut = false;
  for (const { type, data, version } of stored) {
    state = fold(Stock, state, [{ type, data } as EventOf<typeof StockEvents>]);
    if (state.free < 0) lies.push(`oversold at version ${version}`);
    soldOut ||= state.free === 0;
    if (type === 'Reserved') versions.set(data.orderId, [...(versions.get(data.orderId) ?? []), version]);
  }
  for (const [orderId, answer] of told) {
    const found = versions.get(orderId) ?? [];
    if (answer instanceof CommandRejected) {
      if (found.length > 0 || !soldOut) lies.push(`${orderId} was rejected, versions ${found.join()}`);
    } else if (found.length !== 1 || found[0] !== answer.version)
      lies.push(`${orderId} was accepted at ${answer.version}, versions ${found.join()}`);
  }
  return { lies, sold: versions.size, log: stored.length };
}

/** The planted bug: an append is answered as if it would be committed. */
function answeringEarly(events: EventStore): EventStore {
  const early = Object.create(events) as EventStore;
  early.identity = () => events.identity();
  early.append = async (append: Append): Promise<Appended> => {
    void events.append(append).catch(() => {});
    const { stream, expected } = append;
    const version = (typeof expected === 'number' ? expected : 0) + append.events.length;
    return { stream, version, position: 0n, events: append.events as Appended['events'] };
  };
  return early;
}

function rejection(error: unknown): CommandRejected {
  if (error instanceof CommandRejected) return error;
  throw error;
}
