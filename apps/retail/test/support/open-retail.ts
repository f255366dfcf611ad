import { hosted } from '@logfold-example/hosting';
import { ConfigModule } from '@nestjs/config';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Config } from '../../src/config.js';
import { RetailModule } from '../../src/retail.module.js';

/** All services in this process, on a database of the test's, without a simulator. */
export async function openRetail(
  url: string,
  prepare: (app: NestFastifyApplication) => void = () => {},
): Promise<NestFastifyApplication> {
  const config = await ConfigModule.forRoot({
    isGlobal: true,
    ignoreEnvFile: true,
    ignoreEnvVars: true,
    skipProcessEnv: true,
    validate: () => Config.parse({ DATABASE_URL: url, SIMULATE: 'off' }),
  });
  const module = await Test.createTestingModule({ imports: [hosted(RetailModule, config)] }).compile();
  const opened = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  prepare(opened);
  await opened.init();
  await opened.getHttpAdapter().getInstance().ready();
  return opened;
}
