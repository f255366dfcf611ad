import type { Writable } from 'node:stream';
import { setImmediate as immediately } from 'node:timers/promises';
import { DatabaseUnavailable } from '@logfold/core';
import type { Tx } from './connection.js';

/** How long the server may take nothing. */
const STALLED_MS = 30_000;

/** A query of postgres.js whose promise is settled when the server is ready to take rows: later errors go to `reject` alone. */
interface CopyQuery {
  reject: (error: unknown) => void;
  writable(): Promise<Writable>;
}

/**
 * COPY … FROM STDIN within a transaction.
 *
 * postgres.js 3.4 tells nobody of an error that comes after the last row: its stream then never finishes. So its end is not
 * waited for; the next statement is, which the server answers when it is through with the rows, and refuses when it has
 * refused one of them. And its stream, when it has ended well, sends a CopyFail: the server ignores that, but forgets to end
 * the transaction if it is idle from then on (PostgreSQL 18), so a client that freezes there would keep its locks for ever.
 * @param chunks lines in COPY's text format
 * @throws what the server said of the rows; DatabaseUnavailable when it takes none for half a minute
 */
export async function copyInto(tx: Tx, table: string, chunks: Iterable<string>): Promise<void> {
  const query = tx.unsafe(`COPY ${table} FROM STDIN`) as unknown as CopyQuery;
  let failure: unknown;
  const { reject } = query;
  query.reject = (error) => {
    failure ??= error;
    reject(error);
  };
  const into = await query.writable();
  into._destroy = (error, done) => done(error); // no CopyFail
  into.on('error', (error) => (failure ??= error));
  for (const chunk of chunks) {
    if (failure !== undefined) break;
    await written(into, chunk);
  }
  into.end();
  await immediately(); // the stream has told the server by then: what is left to come is the server's answer
  try {
    await tx.unsafe('SELECT 1');
  } catch (error) {
    throw failure ?? error;
  }
}

/** Hands a chunk to the network. An error of the stream is not told here, but by its event. */
function written(into: Writable, chunk: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new DatabaseUnavailable(`The database took no rows for ${STALLED_MS} ms`));
    const timer = setTimeout(late, STALLED_MS);
    into.write(chunk, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A value in COPY's text format. */
export function copyText(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '\\N';
  return typeof value === 'string' ? value.replace(/[\\\t\n\r]/g, (character) => ESCAPED[character]!) : String(value);
}
