import { describe, expect, it } from '@jest/globals';
import { commandHandler, DatabaseUnavailable, fold, type Database, type Recorded } from '@logfold/core';
import { Stock, StockCommands } from '@logfold-example/inventory';
import { memory } from '@logfold/testing';
import type { ImportedInvoice } from './import-events.js';
import { Importer } from './importer.js';
import type { Invoice } from './invoices.js';

describe('the importer', () => {
  it('appends each invoice with the note that it was imported', async () => {
    const { database, importer, imported } = start(memory());
    await addAll(importer, [invoice('1', 3), invoice('2', 1)]);
    expect(await typesOf(database)).toEqual([
      'StockReceived',
      'StockShipped',
      'StockShipped',
      'InvoiceImported',
      'InvoiceImported',
    ]);
    expect(imported).toEqual(['1 by this run: 2', '2 by this run: 1']);
    expect(importer.position).toBe((await all(database)).at(-1)!.position);
  });

  it('decides anew when somebody else moves the same stock before a commit', async () => {
    const database = memory();
    const others = commandHandler(Stock, database.events);
    let moves = 2;
    const { importer, imported } = start(
      beforeCommits(database, async () => {
        if (moves-- > 0) await others.handle(StockCommands.ReceiveStock({ sku: 'A', quantity: 100 }));
      }),
    );
    await addAll(
      importer,
      Array.from({ length: 6 }, (_, index) => invoice(String(index + 1), 2)),
    );
    expect(imported).toEqual([1, 2, 3, 4, 5, 6].map((number) => `${number} by this run: 1`));
    expect(await stockOf(database)).toBe((await received(database)) - 12);
  });

  it('does not append twice what was committed although the connection was lost', async () => {
    const database = memory();
    let lost = 1;
    const { importer, imported } = start(
      afterCommits(database, async () => {
        if (lost-- > 0) throw new DatabaseUnavailable('The connection was lost');
      }),
    );
    await addAll(importer, [invoice('1', 3), invoice('2', 3), invoice('3', 3)]);
    expect(imported.map((line) => line.split(':')[0])).toEqual(['1 by this run', '2 by this run', '3 by this run']);
    expect((await typesOf(database)).filter((type) => type === 'InvoiceImported')).toHaveLength(3);
    expect(await stockOf(database)).toBe((await received(database)) - 9);
  });

  it('passes over what another import appended at the same time', async () => {
    const database = memory();
    let once = true;
    const { importer, imported } = start(
      beforeCommits(database, async () => {
        if (!once) return;
        once = false;
        await addAll(start(database).importer, [invoice('1', 3)]);
      }),
    );
    await addAll(importer, [invoice('1', 3), invoice('2', 3)]);
    expect(imported.map((line) => line.split(':')[0])).toEqual(['1 by another', '2 by this run']);
    expect(await stockOf(database)).toBe((await received(database)) - 6);
  });

  it('gives up on an error that would only come again', async () => {
    const broken = beforeCommits(memory(), () => Promise.reject(new TypeError('a bug')));
    await expect(addAll(start(broken).importer, [invoice('1', 3)])).rejects.toThrow('a bug');
  });
});

/** An importer of batches of one line, so that there is a commit for each invoice. */
function start(database: Database) {
  const imported: string[] = [];
  const importer: Importer = new Importer({
    database,
    replenishment: ({ missing }) => missing + 2,
    batchLines: 1,
    onImported: ({ number }: Invoice, { run, events }: ImportedInvoice) =>
      void imported.push(`${number} by ${run === importer.run ? 'this run' : 'another'}: ${events}`),
  });
  return { database, importer, imported };
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
  const row = { invoice: number, sku: 'A', description: '', quantity, text: number };
  return { number, kind: 'order', rows: [row], duplicates: 0, rowsHash: number };
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
