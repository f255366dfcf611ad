// The limit as a process: a bare Fastify handler that inserts one row, prepared, on 16 connections. Prints its port.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { uuidv7 } from '@logfold/core';
import { openConnections } from '../connections.js';
import type { Moved } from './workload.js';

interface Fastify {
  post(path: string, handler: (request: { readonly body: Moved }) => Promise<object>): void;
  listen(options: { readonly port: number; readonly host: string }): Promise<string>;
  close(): Promise<void>;
}

const root = createRequire(import.meta.resolve('@logfold/nestjs')); // Fastify is the one that ours stands on
const { default: fastify } = (await import(pathToFileURL(root.resolve('fastify')).href)) as { default: () => Fastify };
const sql = openConnections(process.argv[2]!, 16);
const metadata = { correlationId: uuidv7(), causationId: uuidv7() };
let version = 0;

const app = fastify();
app.post('/stock', async ({ body }) => {
  const [row] = await sql`
    INSERT INTO plain.events (stream, version, id, type, schema_version, topic, key, data, metadata)
    VALUES (${`stock-${body.sku}`}, ${++version}, ${uuidv7()}, 'StockReceived', 1, NULL, NULL, ${body as never}, ${metadata as never})
    RETURNING position`;
  return { position: String(row!['position']) };
});
console.log(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
process.on('SIGTERM', () => void Promise.all([app.close(), sql.end({ timeout: 5 })]));
