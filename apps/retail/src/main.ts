import 'reflect-metadata';
import { LogfoldError } from '@logfold/core';
import { fastifyErrors } from '@logfold/nestjs';
import { ConsoleLogger } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadConfig, type Config } from './config.js';
import { drainQuickly } from './drain.js';
import { serveOpenApi } from './open-api.js';
import { RetailModule } from './retail.module.js';

const BODY_LIMIT_BYTES = 1024 * 1024;

/** In an address the 100 characters of a SKU may be 9 each: `%E2%82%AC` is one euro sign. */
const SKU_LIMIT_ENCODED = 1_000;

let app: NestFastifyApplication | undefined;
try {
  app = await create();
  const config = app.get<ConfigService<Config, true>>(ConfigService);
  await app.init();
  const address = { port: config.get('PORT', { infer: true }), host: config.get('HOST', { infer: true }) };
  announce(await app.getHttpAdapter().getInstance().listen(address)); // Nest's own logs an error before it throws it
} catch (error) {
  console.error(explain(error));
  await app?.close().catch(() => {}); // what had started ends: nothing runs on by halves
  process.exit(1);
}

async function create(): Promise<NestFastifyApplication> {
  const made = await NestFactory.create<NestFastifyApplication>(
    RetailModule.with(await loadConfig()),
    new FastifyAdapter({
      bodyLimit: BODY_LIMIT_BYTES,
      routerOptions: { maxParamLength: SKU_LIMIT_ENCODED },
      frameworkErrors: fastifyErrors,
    }),
    { bufferLogs: true, autoFlushLogs: false, abortOnError: false }, // errors are told here, once
  );
  made.useLogger(new ConsoleLogger({ logLevels: ['warn', 'error', 'fatal'] }));
  made.flushLogs();
  made.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
  drainQuickly(made);
  serveOpenApi(made);
  return made;
}

function announce(listening: string): void {
  const url = listening.replace(/0\.0\.0\.0|127\.0\.0\.1|\[::1?\]/, 'localhost');
  console.log(`
The retailer is open.
  API    ${url}/inventory/out-of-stock
  Docs   ${url}/docs

Try it:
  curl -s ${url}/inventory/stock/85123A/receive -H 'content-type: application/json' -d '{"quantity": 10}'
  curl -s ${url}/inventory/stock/85123A

Ctrl-C ends it.
`);
}

/** One sentence for what a user can mend, the stack for a bug. */
function explain(error: unknown): string {
  if (error instanceof LogfoldError) return error.message;
  const { code, port: taken } = error as { code?: unknown; port?: unknown };
  if (code === 'EADDRINUSE') return `Port ${taken} is in use: set PORT to another, such as PORT=${Number(taken) + 1}`;
  if (code === 'EACCES') return `Port ${taken} may not be used by this user: set PORT to one above 1023`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
