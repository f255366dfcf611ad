import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { ProxiedConnection, type Faults } from './proxied-connection.js';

/** A TCP proxy between clients and a real server, on which the network can be made to fail. Faults last until ended. */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** Connections whose client has not hung up. */
  readonly connections: number;
  /** Bytes from clients that are held back now. */
  readonly heldBytes: number;
  /** Bytes of answers that were swallowed so far. */
  readonly droppedBytes: number;
  /**
   * Resets all connections. What was held back before still reaches the server when it is released: an old request
   * that arrives late.
   */
  cut(): void;
  /** Keeps back what clients send from now on. */
  holdToServer(): void;
  /** Lets pass what clients send from now on. What was kept back stays back until `release`. */
  stopHolding(): void;
  /** Forwards what was kept back, in order, also for clients that have gone; then everything flows again. */
  release(): void;
  /** Swallows what the server answers from now on, and that it hung up: it did the work, and no client hears of it. */
  dropToClient(): void;
  /** Lets answers through again. What was swallowed is gone. */
  stopDropping(): void;
  /** From now on takes no more than so many bytes a second from each client; Infinity: as many as come. */
  slowToServer(bytesPerSecond: number): void;
  /**
   * Calls the action once, just before bytes that fulfil the predicate are forwarded, so that the action decides their
   * fate: after `cut` they never arrive, after `holdToServer` late, after `dropToClient` they arrive unanswered.
   * @param predicate is shown each chunk behind the last 1,024 bytes of the same connection, since a text may be split,
   *   but nothing that passed before the last trap was set.
   * @returns a function that takes the trap away.
   */
  onToServer(predicate: (bytes: Buffer) => boolean, action: () => void): () => void;
  /** Ends everything, held bytes included. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a proxy on a free port of the loopback.
 * @example const proxy = await faultProxy({ host: '127.0.0.1', port: 5432 });
 *   proxy.onToServer((bytes) => bytes.includes('COMMIT'), () => proxy.dropToClient());
 */
export async function faultProxy(server: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  const connections = new Set<ProxiedConnection>();
  const traps = new Set<{ readonly predicate: (bytes: Buffer) => boolean; readonly action: () => void }>();
  let droppedBytes = 0;
  const faults: Faults & { holding: boolean; dropping: boolean; bytesPerSecond: number } = {
    holding: false,
    dropping: false,
    bytesPerSecond: Infinity,
    passing(bytes) {
      for (const trap of traps)
        if (trap.predicate(bytes)) {
          traps.delete(trap);
          trap.action();
        }
    },
    dropped: (bytes) => void (droppedBytes += bytes.length),
    ended: (connection) => connections.delete(connection),
  };
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client: Socket) => {
    connections.add(new ProxiedConnection(client, server, faults));
  });
  const { port, address } = await listening(listener);

  return {
    host: address,
    port,
    get connections() {
      return [...connections].filter((connection) => connection.hasClient).length;
    },
    get heldBytes() {
      return [...connections].reduce((sum, connection) => sum + connection.heldBytes, 0);
    },
    get droppedBytes() {
      return droppedBytes;
    },
    cut() {
      for (const connection of connections) connection.cut();
    },
    holdToServer() {
      faults.holding = true;
    },
    stopHolding() {
      faults.holding = false;
    },
    release() {
      faults.holding = false;
      for (const connection of connections) connection.release();
    },
    dropToClient() {
      faults.dropping = true;
    },
    stopDropping() {
      faults.dropping = false;
    },
    slowToServer(bytesPerSecond) {
      faults.bytesPerSecond = bytesPerSecond;
    },
    onToServer(predicate, action) {
      const trap = { predicate, action };
      for (const connection of connections) connection.forget();
      traps.add(trap);
      return () => void traps.delete(trap);
    },
    async close() {
      for (const connection of connections) connection.destroy();
      if (!listener.listening) return;
      listener.close();
      await once(listener, 'close');
    },
  };
}

async function listening(listener: Server): Promise<AddressInfo> {
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return listener.address() as AddressInfo;
}
