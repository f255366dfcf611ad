import { randomInt } from 'node:crypto';
import { createConnection, createServer } from 'node:net';

/** `preferred` when it is free on loopback, else any free port. */
export async function freePort(preferred: number): Promise<number> {
  const probe = (port: number) =>
    new Promise<number | undefined>((done) => {
      const server = createServer();
      server.once('error', () => done(undefined));
      server.listen(port, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => done(address && typeof address === 'object' ? address.port : undefined));
      });
    });
  return (await probe(preferred)) ?? (await probe(0)) ?? preferred;
}

/**
 * So many different free ports, the preferred ones where they are free. The others lie below those that systems
 * give to outgoing connections: a server that takes seconds to start finds them free still.
 */
export async function freePorts(count: number, preferred: readonly number[] = []): Promise<number[]> {
  const ports = new Set<number>();
  for (const port of preferred.slice(0, count)) ports.add(await freePort(port));
  while (ports.size < count) ports.add(await freePort(randomInt(20_000, 32_000)));
  return [...ports];
}

/** Whether something accepts connections at this port of the loopback. */
export function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 2_000 });
    const settle = (answer: boolean) => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}
