import { describe, expect, it } from '@jest/globals';
import { commandHandler, DatabaseUnavailable, fold, type Database, type Recorded } from '@logfold/core';
import { Stock, StockCommands } from '@logfold-example/inventory';
import { Order, OrderCommands } from '@logfold-example/ordering';
import { memory } from '@logfold/testing';
import { Importer, isOther, isWhole, type Imported } from './importer.js';
import type { Invoice } from './invoices.js';

describe('the importer', () => {
  it('appends each invoice as an order, and what it does to the stock with the note that it was imported', async () => {
    const { inventory, ordering, importer, imported } = start();
    await addAll(importer, [invoice('1', 3), invoice('2', 1)]);
    expect(await typesOf(inventory)).toEqual([
      'StockReceived',
      'StockShipped',
      'StockShipped',
      'InvoiceImported',
      'InvoiceImported',
    ]);
    expect((await all(ordering)).map(({ type, stream }) => `${type} ${stream}`)).toEqual(
      ['1', '2'].flatMap((order) => ['Placed', 'Paid', 'Shipped'].map((step) => `Order${step} order-${order}`)),
    );
    expect(imported).toEqual(['1 by this run: 2', '2 by this run: 1']);
    const last = async (database: Database) => (await all(database)).at(-1)!.position;
    expect(importer.positions).toEqual({ inventory: await last(inventory), ordering: await last(ordering) });
  });

  it('orders nothing for an invoice that only takes back or corrects', async () => {
    const { inventory, ordering, importer } = start();
    await addAll(importer, [{ ...invoice('C1', -3), kind: 'return' }]);
    expect(await typesOf(inventory)).toEqual(['StockReturned', 'InvoiceImported']);
    expect(await all(ordering)).toEqual([]);
  });

  it('decides anew when somebody else moves the same stock before a commit', async () => {
    const database = memory();
    const others = commandHandler(Stock, database.events);
    let moves = 2;
    const { inventory, ordering, importer, imported } = start(
      beforeCommits(database, async () => {
        if (moves-- > 0) await others.handle(StockCommands.ReceiveStock({ sku: 'A', quantity: 100 }));
      }),
    );
    await addAll(
      importer,
      Array.from({ length: 6 }, (_, index) => invoice(String(index + 1), 2)),
    );
    expect(imported).toEqual([1, 2, 3, 4, 5, 6].map((number) => `${number} by this run: 1`));
    expect(await stockOf(inventory)).toBe((await received(inventory)) - 12);
    expect(await all(ordering)).toHaveLength(18);
  });

  it.each(['inventory', 'ordering'] as const)(
    'does not append twice what was committed although the connection to the log of %s was lost',
    async (which) => {
      let lost = 1;
      const losing = afterCommits(memory(), async () => {
        if (lost-- > 0) throw new DatabaseUnavailable('The connection was lost');
      });
      const { inventory, ordering, importer, imported } = start(
        ...(which === 'inventory' ? [losing] : [memory(), losing]),
      );
      await addAll(importer, [invoice('1', 3), invoice('2', 3), invoice('3', 3)]);
      expect(imported.map((line) => line.split(':')[0])).toEqual(['1 by this run', '2 by this run', '3 by this run']);
      expect((await typesOf(inventory)).filter((type) => type === 'InvoiceImported')).toHaveLength(3);
      expect(await all(ordering)).toHaveLength(9);
      expect(await stockOf(inventory)).toBe((await received(inventory)) - 9);
    },
  );

  it('passes over what another import appended at the same time', async () => {
    const [inventory, ordering] = [memory(), memory()];
    let once = true;
    const { importer, imported } = start(
      beforeCommits(inventory, async () => {
        if (!once) return;
        once = false;
        await addAll(start(inventory, ordering).importer, [invoice('2', 3)]);
      }),
      ordering,
    );
    await addAll(importer, [invoice('1', 3), invoice('2', 3), invoice('3', 3)]);
    expect(imported.map((line) => line.split(':')[0])).toEqual(['1 by this run', '2 by another', '3 by this run']);
    expect(await stockOf(inventory)).toBe((await received(inventory)) - 9);
    expect(await all(ordering)).toHaveLength(9);
  });

  it.each([
    ['the order is there, what it does to the stock is not', 'order'],
    ['the stock was moved, the order is not there', 'stock'],
  ] as const)('goes on where another was killed: %s', async (_where, part) => {
    const whole = start();
    await addAll(whole.importer, [invoice('1', 3)]);
    const { inventory, ordering, importer, imported } = start(
      ...(part === 'order' ? [memory(), whole.ordering] : [whole.inventory]),
    );
    const known =
      part === 'order' ? { order: { rowsHash: '1', run: 'a' } } : { stock: { events: 2, rowsHash: '1', run: 'a' } };
    await importer.add(invoice('1', 3), known);
    await importer.finish();
    expect(await all(ordering)).toHaveLength(3);
    expect(await typesOf(inventory)).toEqual(['StockReceived', 'StockShipped', 'InvoiceImported']);
    expect(imported).toHaveLength(1);
  });

  it('leaves an order of the shop alone that has the number of an invoice', async () => {
    const { inventory, ordering, importer, imported } = start();
    const lines = [{ sku: 'A', location: 'main', quantity: 1, unitPrice: 1 }];
    const placedAt = '2026-01-05T08:30:00.000Z';
    await commandHandler(Order, ordering.events).handle(OrderCommands.PlaceOrder({ orderId: '1', lines, placedAt }));
    await addAll(importer, [invoice('1', 3), invoice('2', 3)]);
    expect(imported).toEqual(['1 by another: something else', '2 by this run: 2']);
    expect(await typesOf(inventory)).toEqual(['StockReceived', 'StockShipped', 'InvoiceImported']);
    expect((await all(ordering)).filter(({ stream }) => stream === 'order-1')).toHaveLength(1);
  });

  it('refuses at once what cannot be an order, and keeps the invoices before it', async () => {
    const { ordering, importer } = start(memory(), memory(), 1_000);
    await importer.add(invoice('1', 3));
    const dear = { ...invoice('2', 1_000_000_000), rows: [row('2', 1_000_000_000, 1_000_000_000)] };
    await expect(importer.add(dear)).rejects.toThrow('Invoice 2 cannot be ordered: ');
    const long = { ...invoice('3', 1), rows: Array.from({ length: 2_001 }, () => row('3', 1)) };
    await expect(importer.add(long)).rejects.toThrow('Invoice 3 ships 2001 lines, 2000 at most');
    await importer.finish();
    expect(await all(ordering)).toHaveLength(3);
  });

  it('gives up on an error that would only come again', async () => {
    const broken = beforeCommits(memory(), () => Promise.reject(new TypeError('a bug')));
    await expect(addAll(start(broken).importer, [invoice('1', 3)])).rejects.toThrow('a bug');
  });
});

/** An importer of batches of one line, so that there is a commit for each invoice. */
function start(inventory: Database = memory(), ordering: Database = memory(), batchLines = 1) {
  const imported: string[] = [];
  const importer: Importer = new Importer({
    inventory,
    ordering,
    replenishment: ({ missing }) => missing + 2,
    batchLines,
    onImported: (invoice: Invoice, known: Imported) => {
      const who = known.stock?.run === importer.run ? 'this run' : 'another';
      const what = isOther(invoice, known)
        ? 'something else'
        : isWhole(invoice, known)
          ? known.stock?.events
          : 'a part';
      imported.push(`${invoice.number} by ${who}: ${what}`);
    },
  });
  return { inventory, ordering, importer, imported };
}

async function addAll(importer: Importer, invoices: Invoice[]): Promise<void> {
  for (const one of invoices) await importer.add(one);
  await importer.finish();
}

function beforeCommits(database: Database, work: () => Promise<void>): Database {
  return { ...database, transactions: { run: async (body) => (await work(), database.transactions.run(body)) } };
}

function afterCommits(database: Database, work: () => Promise<void>): Database {
  const run: Database['transactions']['run'] = async (body) => {
    const result = await database.transactions.run(body);
    await work();
    return result;
  };
  return { ...database, transactions: { run } };
}

function invoice(number: string, quantity: number): Invoice {
  return { number, kind: 'order', rows: [row(number, quantity)], duplicates: 0, rowsHash: number };
}

function row(number: string, quantity: number, unitPrice = 2_550): Invoice['rows'][number] {
  const about = { date: '2020-01-01 10:00:00', unitPrice, customer: '17850', country: 'France' };
  return { invoice: number, sku: 'A', description: '', quantity, ...about, text: number };
}

async function all(database: Database): Promise<Recorded[]> {
  const events: Recorded[] = [];
  for await (const batch of database.events.readLog({ after: 0n })) events.push(...batch.events);
  return events;
}

async function typesOf(database: Database): Promise<string[]> {
  return (await all(database))
    .map(({ type }) => type)
    .sort((a, b) => Number(a === 'InvoiceImported') - Number(b === 'InvoiceImported') || (a < b ? -1 : 1));
}

async function received(database: Database): Promise<number> {
  const events = (await all(database)).filter(({ type }) => type === 'StockReceived');
  return events.reduce((sum, { data }) => sum + data.quantity, 0);
}

async function stockOf(database: Database): Promise<number> {
  return fold(Stock, Stock.initial(), (await database.events.readStream('stock-A@main')) as never).available;
}
