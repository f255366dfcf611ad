import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.js';
import { faultProxy, type FaultProxy } from './fault-proxy.js';

let echo: Echo;
let proxy: FaultProxy;
const clients: Client[] = [];

beforeEach(async () => {
  echo = await echoServer();
  proxy = await faultProxy({ host: '127.0.0.1', port: echo.port });
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.close();
  await echo.close();
});

test('bytes flow both ways, and an end reaches the other side', async () => {
  const client = await connected();
  client.socket.write('hello');
  await eventually(() => expect(client.received).toBe('hello'));
  client.socket.end();
  await eventually(() => expect(client.state).toBe('ended'));
  await eventually(() => expect(proxy.connections).toBe(0));
});

test('much flows without a loss', async () => {
  const client = await connected();
  const much = 'x'.repeat(3_000_000);
  client.socket.write(much);
  await eventually(() => expect(client.received.length).toBe(much.length));
});

test('a slow way takes a part, and keeps the rest waiting', async () => {
  const client = await connected();
  proxy.slowToServer(1_000);
  const much = 'x'.repeat(3_000_000);
  client.socket.write(much);
  await eventually(() => expect(client.received.length).toBeGreaterThan(0));
  expect(client.received.length).toBeLessThan(much.length);
});

test('a cut resets all connections, on both sides', async () => {
  const [a, b] = [await connected(), await connected()];
  a.socket.write('a');
  await eventually(() => expect(a.received).toBe('a'));
  expect(proxy.connections).toBe(2);
  proxy.cut();
  await eventually(() => expect([a.state, b.state]).toEqual(['reset', 'reset']));
  expect(proxy.connections).toBe(0);
  await eventually(() => expect(echo.open).toBe(0));
});

test('after a cut new connections work', async () => {
  await connected();
  proxy.cut();
  const client = await connected();
  client.socket.write('again');
  await eventually(() => expect(client.received).toBe('again'));
});

test('what is held reaches the server when it is released, in order', async () => {
  const client = await connected();
  proxy.holdToServer();
  client.socket.write('one ');
  await eventually(() => expect(proxy.heldBytes).toBe(4));
  client.socket.write('two');
  await eventually(() => expect(proxy.heldBytes).toBe(7));
  expect(echo.received).toBe('');
  proxy.release();
  await eventually(() => expect(client.received).toBe('one two'));
  client.socket.write(' three');
  await eventually(() => expect(client.received).toBe('one two three'));
});

test.each([
  ['has hung up', (client: Client) => void client.socket.destroy()],
  ['was reset', (client: Client) => void client.socket.resetAndDestroy()],
  ['was cut off', () => proxy.cut()],
])('what is held reaches the server late, though its client %s', async (_, leave) => {
  const client = await connected();
  proxy.holdToServer();
  client.socket.write('late');
  await eventually(() => expect(proxy.heldBytes).toBe(4));
  leave(client);
  await eventually(() => expect(proxy.connections).toBe(0));
  expect(echo.received).toBe('');
  proxy.release();
  await eventually(() => expect(echo.received).toBe('late'));
  await eventually(() => expect(echo.open).toBe(0));
});

test('dropped answers never come, though the server did its work', async () => {
  const client = await connected();
  proxy.dropToClient();
  client.socket.write('lost');
  await eventually(() => expect(proxy.droppedBytes).toBe('lost'.length));
  expect(echo.received).toBe('lost');
  proxy.stopDropping();
  client.socket.write('heard');
  await eventually(() => expect(client.received).toBe('heard'));
});

test('while answers are dropped, a client does not hear that the server hung up', async () => {
  const client = await connected();
  client.socket.write('x');
  await eventually(() => expect(client.received).toBe('x'));
  proxy.dropToClient();
  echo.hangUp();
  await eventually(() => expect(echo.open).toBe(0));
  expect(client.state).toBe('open');
  proxy.cut();
  await eventually(() => expect(client.state).toBe('reset'));
});

test('a server that resets is passed on to the client', async () => {
  const client = await connected();
  client.socket.write('x');
  await eventually(() => expect(client.received).toBe('x'));
  echo.reset();
  await eventually(() => expect(client.state).toBe('reset'));
});

test('a trap springs once, before its bytes are forwarded', async () => {
  const client = await connected();
  let sprung = 0;
  proxy.onToServer(
    (bytes) => bytes.includes('COMMIT'),
    () => {
      sprung++;
      proxy.holdToServer();
    },
  );
  client.socket.write('BEGIN;');
  await eventually(() => expect(echo.received).toBe('BEGIN;'));
  client.socket.write('COMMIT;');
  await eventually(() => expect(proxy.heldBytes).toBe(7));
  expect(echo.received).toBe('BEGIN;');
  proxy.release();
  client.socket.write('COMMIT;');
  await eventually(() => expect(echo.received).toBe('BEGIN;COMMIT;COMMIT;'));
  expect(sprung).toBe(1);
});

test('a trap sees a text that comes in pieces', async () => {
  const client = await connected();
  let sprung = false;
  proxy.onToServer(
    (bytes) => bytes.includes('COMMIT'),
    () => (sprung = true),
  );
  client.socket.write('COM');
  await eventually(() => expect(client.received).toBe('COM'));
  client.socket.write('MIT');
  await eventually(() => expect(sprung).toBe(true));
});

test('a trap does not see what passed before it was set', async () => {
  const client = await connected();
  client.socket.write('COMMIT;');
  await eventually(() => expect(client.received).toBe('COMMIT;'));
  const seen: string[] = [];
  proxy.onToServer(
    (bytes) => seen.push(bytes.toString()) > 1,
    () => {},
  );
  client.socket.write('BEGIN;');
  await eventually(() => expect(client.received).toBe('COMMIT;BEGIN;'));
  expect(seen).toEqual(['BEGIN;']);
});

test('a trap that cuts keeps its bytes from the server', async () => {
  const client = await connected();
  proxy.onToServer(
    (bytes) => bytes.includes('COMMIT'),
    () => proxy.cut(),
  );
  client.socket.write('COMMIT');
  await eventually(() => expect(client.state).toBe('reset'));
  await eventually(() => expect(echo.open).toBe(0));
  expect(echo.received).toBe('');
});

test('a trap that was taken away does not spring', async () => {
  const client = await connected();
  const remove = proxy.onToServer(
    () => true,
    () => proxy.cut(),
  );
  remove();
  client.socket.write('fine');
  await eventually(() => expect(client.received).toBe('fine'));
});

test('a server that cannot be reached is a reset for the client', async () => {
  await echo.close();
  const client = await connected();
  await eventually(() => expect(client.state).toBe('reset'));
});

test('closing ends all connections, and may be done twice', async () => {
  const client = await connected();
  client.socket.write('x');
  await eventually(() => expect(client.received).toBe('x'));
  await proxy.close();
  await proxy.close();
  await eventually(() => expect(client.state).not.toBe('open'));
});

interface Client {
  readonly socket: Socket;
  received: string;
  state: 'open' | 'ended' | 'reset';
}

async function connected(): Promise<Client> {
  const socket = connect({ host: proxy.host, port: proxy.port });
  const client: Client = { socket, received: '', state: 'open' };
  clients.push(client);
  socket.on('data', (bytes) => (client.received += String(bytes)));
  socket.on('end', () => (client.state = 'ended'));
  socket.on('error', () => (client.state = 'reset'));
  await once(socket, 'connect');
  return client;
}

interface Echo {
  readonly port: number;
  readonly received: string;
  readonly open: number;
  hangUp(): void;
  reset(): void;
  close(): Promise<void>;
}

async function echoServer(): Promise<Echo> {
  const sockets = new Set<Socket>();
  let received = '';
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (bytes) => {
      received += String(bytes);
      socket.write(bytes);
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get received() {
      return received;
    },
    get open() {
      return sockets.size;
    },
    hangUp: () => sockets.forEach((socket) => socket.destroy()),
    reset: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    async close() {
      if (!server.listening) return;
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}
