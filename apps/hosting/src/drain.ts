import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const IDLE_CHECK_MS = 50;

/**
 * Lets the application close as soon as the last request is answered. Fastify closes the connections that are idle when
 * closing begins; those that were busy then would be kept alive, and waited for, for 72 seconds.
 */
export function drainQuickly(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  let closing = false;
  fastify.addHook('preClose', async () => {
    closing = true;
    const check = setInterval(() => fastify.server.closeIdleConnections(), IDLE_CHECK_MS);
    fastify.server.once('close', () => clearInterval(check));
    check.unref();
  });
  fastify.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}
