import { Socket } from 'node:net';

/**
 * The TCP socket below a connection of postgres.js 3.4, with two things set right:
 *
 * Nagle's algorithm is off: postgres.js leaves it on, and a statement of several packets then waits for an
 * acknowledgement (88 ms a COPY, measured).
 *
 * A connection that breaks ends with `close` alone. postgres.js rejects the queries under way at `error` and takes the
 * connection out of its pool at `close`; a query that is sent between the two waits for ever, and its place in the line
 * makes later answers go to the wrong queries. Without `error`, it does both at `close`. While connecting the events
 * stay as they are, or a server that refuses would be tried for ever.
 */
export class PostgresSocket extends Socket {
  #established = false;

  constructor() {
    super();
    this.setNoDelay(true);
    this.once('connect', () => (this.#established = true));
  }

  override emit(event: string | symbol, ...parameters: unknown[]): boolean {
    if (this.#established && event === 'error') return true;
    return this.#established && event === 'close' ? super.emit(event, false) : super.emit(event, ...parameters);
  }
}

/**
 * Opens a socket for postgres.js. It is handed over while still connecting: postgres.js' own handlers must see a failure,
 * or the connection would never return to the pool.
 */
export function openSocket({ host, port, path }: { host: string[]; port: number[]; path?: string | false }): Socket {
  const socket = new PostgresSocket();
  if (path) socket.connect(path);
  else socket.connect(port[0]!, host[0]!);
  return Object.assign(socket, { host: host[0] }); // TLS takes its server name from here
}
