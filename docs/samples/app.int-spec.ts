import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LogfoldServices } from '@logfold/nestjs';
import { eventually } from '@logfold/testing';
import type { DynamicModule, Type } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { testDatabase, type TestDatabase } from '../../test/support/database.js';
import { AppModule } from './app.module.js';
import { busyShop } from './busy-shop.js';
import { ConfiguredModule } from './configured.module.js';

describe('modules over a Postgres', () => {
  let database: TestDatabase;
  let app: NestFastifyApplication | undefined;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await database.drop();
  });

  test('two services of one process: what one sells, the other bills', async () => {
    const { inject, services } = await started(AppModule.on(database.url));
    await inject('/stock/received', { sku: 'tea', quantity: 3 });
    expect(await inject('/stock/sold', { sku: 'tea', quantity: 2 })).toMatchObject({ version: 2 });
    await eventually(async () => {
      const [billed] = await services.of('billing').database.events.readStream('account-tea');
      expect(billed).toMatchObject({ type: 'Billed', data: { sku: 'tea', quantity: 2 } });
    });
  });

  test('options come from the ConfigService', async () => {
    Object.assign(process.env, { DATABASE_URL: database.url, LOOPS: 'off' });
    try {
      const { services } = await started(ConfiguredModule);
      expect(services.of().runners).toEqual([]);
    } finally {
      for (const name of ['DATABASE_URL', 'LOOPS']) delete process.env[name];
    }
  });

  test('a database is given as a value', async () => {
    const { services } = await started(busyShop(database.url));
    expect(await services.of().database.events.end()).toBe(0n);
  });

  async function started(module: DynamicModule | Type) {
    const testing = await Test.createTestingModule({ imports: [module] }).compile();
    app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.init();
    const inject = async (url: string, payload: object): Promise<unknown> =>
      (await app!.inject({ method: 'POST', url, payload })).json();
    return { inject, services: app.get(LogfoldServices) };
  }
});
