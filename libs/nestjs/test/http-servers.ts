import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { TestingModule } from '@nestjs/testing';
import { fastifyErrors } from '../src/index.js';

/** A server that Nest runs on: what works over HTTP works on each. */
export type HttpServer = 'Fastify' | 'Express';
export const httpServers: readonly HttpServer[] = ['Fastify', 'Express'];

/** An answer, as far as tests look at it. */
export interface Answer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined where there is none. */
  readonly body: unknown;
}

/** An application that listens. Whoever opens it closes it. */
export interface HttpApplication {
  readonly app: INestApplication;
  ask(
    method: 'GET' | 'POST',
    path: string,
    headers?: Readonly<Record<string, string>>,
    payload?: string | object,
  ): Promise<Answer>;
}

/** Lets an application listen on a server; its bodies may have 100 kB at most, as they may on Express by default. */
export async function listenOn(server: HttpServer, module: TestingModule): Promise<HttpApplication> {
  const adapter =
    server === 'Express'
      ? new ExpressAdapter()
      : new FastifyAdapter({ bodyLimit: 100 * 1024, frameworkErrors: fastifyErrors });
  const options: NestApplicationOptions = { logger: false };
  const app = module.createNestApplication(adapter, options);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    async ask(method, path, headers = {}, payload) {
      const body = typeof payload === 'object' ? JSON.stringify(payload) : payload;
      const kind = typeof payload === 'object' ? { 'content-type': 'application/json' } : {};
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { ...kind, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
    },
  };
}
