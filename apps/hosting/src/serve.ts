import { LogfoldError } from '@logfold/core';
import { fastifyErrors } from '@logfold/nestjs';
import { LogfoldHealthModule } from '@logfold/nestjs/health';
import type { DynamicModule, Type } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { z } from 'zod';
import { drainQuickly } from './drain.js';
import { loadConfig, type HostConfig } from './environment.js';
import { HttpModule } from './http.module.js';
import { serveOpenApi, type ApiTitle } from './open-api.js';
import { processLog } from './process-log.js';
import { TelemetryModule } from './telemetry.module.js';

/** An application that is to be a process. */
export interface Served extends ApiTitle {
  readonly module: Type | DynamicModule;
  /** What it reads from the environment: a `HostConfig`, or more. The ConfigService then gives it to everybody. */
  readonly config: z.ZodType<HostConfig>;
  /** What it says when it is open. */
  readonly announce: (url: string) => string;
}

const BODY_LIMIT_BYTES = 1024 * 1024;

/** In an address the 100 characters of a SKU or an order may be 9 each: `%E2%82%AC` is one euro sign. */
const PARAMETER_LIMIT_ENCODED = 1_000;

/** Runs an application until a signal ends it; what keeps it from starting is told in one sentence, and ends the process. */
export async function serve(served: Served): Promise<void> {
  let app: NestFastifyApplication | undefined;
  try {
    app = await create(served);
    endInOrder();
    const config = app.get<ConfigService<HostConfig, true>>(ConfigService);
    await app.init();
    const address = { port: config.get('PORT', { infer: true }), host: config.get('HOST', { infer: true }) };
    const listening = await app.getHttpAdapter().getInstance().listen(address); // Nest's own logs an error before it throws it
    const url = listening.replace(/0\.0\.0\.0|127\.0\.0\.1|\[::1?\]/, 'localhost');
    log.announce(served.announce(url));
    process.send?.({ open: url }); // to the script that started it, if one did
  } catch (error) {
    log.giveUp(explain(error));
    await app?.close().catch(() => {}); // what had started ends: nothing runs on by halves
    process.exit(1);
  }
}

const log = processLog();

/** An application with its configuration, not yet started. */
export function hosted(module: Type | DynamicModule, config: DynamicModule): DynamicModule {
  return { module: Host, imports: [config, HttpModule, LogfoldHealthModule.forRoot(), TelemetryModule, module] };
}

class Host {}

async function create(served: Served): Promise<NestFastifyApplication> {
  const made = await NestFactory.create<NestFastifyApplication>(
    hosted(served.module, await loadConfig(served.config)), // awaited before, so that what is wrong with it is told as such
    new FastifyAdapter({
      bodyLimit: BODY_LIMIT_BYTES,
      routerOptions: { maxParamLength: PARAMETER_LIMIT_ENCODED },
      frameworkErrors: fastifyErrors,
    }),
    { bufferLogs: true, autoFlushLogs: false, abortOnError: false }, // errors are told here, once
  );
  made.useLogger(log.logger);
  made.flushLogs();
  made.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
  drainQuickly(made);
  serveOpenApi(made, served);
  return made;
}

/**
 * While a process ends, an error that nobody waits for any more must not cut short what is still handed over: answers, leases,
 * spans. It is told. Before, Node's way is right: such an error ends the process.
 */
function endInOrder(): void {
  const tell = (error: unknown): void => log.logger.error(`While it ended: ${explain(error)}`, 'Process');
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.off('unhandledRejection', tell).on('unhandledRejection', tell));
}

/** One sentence for what a user can mend, the stack for a bug. */
function explain(error: unknown): string {
  if (error instanceof LogfoldError) return error.message;
  const { code, port: taken } = error as { code?: unknown; port?: unknown };
  if (code === 'EADDRINUSE') return `Port ${taken} is in use: set PORT to another, such as PORT=${Number(taken) + 1}`;
  if (code === 'EACCES') return `Port ${taken} may not be used by this user: set PORT to one above 1023`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
