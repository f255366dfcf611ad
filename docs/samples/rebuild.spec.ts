import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { expect, test } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { LogfoldModule, LogfoldServices } from '@logfold/nestjs';
import { memory } from '@logfold/testing';
import { StockLevels, StockMaintenance } from './rebuild.js';
import { Stock, StockCommands } from './stock.js';

test('a read model is rebuilt, and its rows are what they were', async () => {
  const database = memory({ service: 'shop' });
  const imports = [
    LogfoldModule.forRoot({ service: 'shop', database }),
    LogfoldModule.forFeature([Stock, StockLevels]),
  ];
  const app = await Test.createTestingModule({ imports, providers: [StockMaintenance] }).compile();
  try {
    await app.init();
    const services = app.get(LogfoldServices);
    await services.handler(Stock, {}).handle(StockCommands.Receive({ sku: 'tea', quantity: 1 }));
    await services.handler(Stock, {}).handle(StockCommands.Sell({ sku: 'tea', quantity: 1 }));
    const done = await lastValueFrom(await app.get(StockMaintenance).rebuild());
    expect(done).toMatchObject({ state: 'switched', version: 2 });
    expect(await services.rows(StockLevels, {}).findMany()).toEqual([{ sku: 'tea', onHand: 0, soldOut: true }]);
  } finally {
    await app.close();
  }
});
