import { openConnections } from '../connections.js';
import { openEmmett } from '../emmett.js';

/** What one command led to, as the import decided it. */
export interface Command {
  readonly stream: string;
  readonly events: { readonly type: string; readonly data: object; readonly metadata: object }[];
}

const IN_FLIGHT = 16;

/**
 * The first commands of an imported log. A line of an invoice is a command; that the stock is depleted belongs to the
 * command which took the last piece.
 */
export async function readCommands(url: string, count: number): Promise<Command[]> {
  const sql = openConnections(url, 1);
  try {
    const commands: Command[] = [];
    const rows = await sql.unsafe(
      `SELECT stream, type, data, metadata FROM inventory.events ORDER BY position LIMIT ${count * 2}`,
    );
    for (const { stream, type, data, metadata } of rows) {
      const before = commands.at(-1);
      if (before && type === 'StockDepleted' && before.stream === stream) before.events.push({ type, data, metadata });
      else if (commands.length === count) break;
      else commands.push({ stream, events: [{ type, data, metadata }] });
    }
    return commands;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Appends commands to Emmett: those of one stream in their order, 16 streams at a time. @returns events per second. */
export async function appendCommands(url: string, commands: readonly Command[]): Promise<number> {
  const emmett = await openEmmett(url, IN_FLIGHT);
  try {
    const streams = Map.groupBy(commands, ({ stream }) => stream).values(); // shared by all workers: each takes the next one
    const started = performance.now();
    const worker = async (): Promise<void> => {
      for (const inOrder of streams) {
        let version = 0;
        for (const { stream, events } of inOrder) {
          const expectedStreamVersion = version === 0 ? emmett.noStream : BigInt(version);
          await emmett.store.appendToStream(stream, events, { expectedStreamVersion });
          version += events.length;
        }
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    const seconds = (performance.now() - started) / 1_000;
    return commands.reduce((sum, { events }) => sum + events.length, 0) / seconds;
  } finally {
    await emmett.close();
  }
}
