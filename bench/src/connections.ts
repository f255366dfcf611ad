import { connect as connectSocket, type Socket } from 'node:net';
import postgres, { type Options, type Sql } from 'postgres';

/** Opens postgres.js the best way known: without Nagle's algorithm, which makes a COPY wait 88 ms for nothing. */
export function openConnections(url: string, max: number): Sql {
  const options: Options<Record<never, never>> & { socket: typeof openSocket } = {
    max,
    onnotice: () => {},
    socket: openSocket,
  };
  return postgres(url, options);
}

function openSocket({ host, port }: { host: string[]; port: number[] }): Socket {
  const socket = connectSocket(port[0]!, host[0]!);
  socket.setNoDelay(true);
  return Object.assign(socket, { host: host[0] });
}
