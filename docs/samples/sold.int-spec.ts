import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { LogfoldServices } from '@logfold/nestjs';
import { postgresDatabase } from '@logfold/postgres';
import { eventually } from '@logfold/testing';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import postgres from 'postgres';
import { testDatabase, type TestDatabase } from '../../test/support/database.js';
import { ShopModule } from './shop.module.js';
import { ReportsModule } from './sold.js';
import { Stock, StockCommands } from './stock.js';

describe("SQL of one's own", () => {
  let database: TestDatabase;
  let admin: postgres.Sql;
  let app: NestFastifyApplication;
  beforeAll(async () => {
    database = await testDatabase();
    admin = postgres(database.url, { max: 1, onnotice: () => {} });
    await firstStart(database.url); // it makes the roles
    await admin.unsafe(await readFile(new URL('./sold.sql', import.meta.url), 'utf8'));
    const module = await Test.createTestingModule({
      imports: [ShopModule.on(database.url), ReportsModule],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    await app.init();
  });
  afterAll(async () => {
    await app?.close();
    await admin?.end({ timeout: 1 });
    await database?.drop();
  });

  test('a reaction writes a table of the user, and a query joins it with a read model', async () => {
    const stock = app.get(LogfoldServices).of('shop').handler(Stock);
    await stock.handle(StockCommands.Receive({ sku: 'tea', quantity: 5 }));
    await stock.handle(StockCommands.Sell({ sku: 'tea', quantity: 1 }));
    await stock.handle(StockCommands.Sell({ sku: 'tea', quantity: 2 }));
    await eventually(async () => {
      expect((await app.inject('/reports/sold')).json()).toEqual([{ sku: 'tea', pieces: 3, onHand: 2 }]);
    });
  });

  test('what was not granted is refused', async () => {
    await admin`CREATE TABLE reports.kept (sku text)`;
    const { transactions } = app.get(LogfoldServices).of('shop').database;
    await expect(transactions.run((tx) => tx`INSERT INTO reports.kept VALUES ('tea')`)).rejects.toThrow(
      'permission denied for table kept',
    );
  });
});

async function firstStart(url: string): Promise<void> {
  const first = postgresDatabase({ service: 'shop', url });
  await first.open();
  await first.close();
}
