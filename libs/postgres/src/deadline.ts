import { DatabaseUnavailable } from '@logfold/core';
import type { Sql } from './connection.js';

/** A look that comes so late: this process itself stood still, and has not read yet what came meanwhile. */
const STOOD_STILL_MS = 1_000;

/**
 * Watches over what is under way on a client: where no statement is answered for so long, all of them are rejected. The
 * server works on one statement of a connection after the other and ends each by its own time-out, so a longer silence
 * means that the network swallows packets. Without it such a statement waits for TCP to give up: a quarter of an hour.
 * What is read by `cursor` is not watched, as it takes the time that its reader takes.
 * @param deadlineMs longer than the server's statement time-out
 * @param late called when the time is over, to throw the client away
 */
export function watched(sql: Sql, deadlineMs: number, late: () => void): Sql {
  const waiting = new Set<(error: Error) => void>();
  let heardAt = 0;
  let timer: NodeJS.Timeout | undefined;

  /** The time begins anew. One timer looks from time to time: to set one for each answer would cost more. */
  function restart(): void {
    heardAt = performance.now();
    timer ??= setTimeout(look, deadlineMs).unref();
  }

  function look(): void {
    timer = undefined;
    if (waiting.size === 0) return;
    const leftMs = heardAt + deadlineMs - performance.now();
    if (leftMs < -STOOD_STILL_MS) restart();
    else if (leftMs > 0) timer = setTimeout(look, leftMs).unref();
    else expire();
  }

  function expire(): void {
    const error = new DatabaseUnavailable(`The database did not answer within ${deadlineMs} ms`);
    for (const reject of waiting) reject(error);
    waiting.clear();
    late();
  }

  /** The answer to a query, watched until it comes. To ask for it sends the query. */
  function answerTo(query: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      if (waiting.size === 1) restart();
      const settled = (settle: (value: unknown) => void) => (value: unknown) => {
        if (waiting.delete(reject)) restart();
        settle(value);
      };
      query.then(settled(resolve), settled(reject));
    });
  }

  /** Every way to wait for a query goes through its `then`. */
  function watch(query: unknown): unknown {
    if (!(query instanceof Promise)) return query; // an identifier, values
    let answer: Promise<unknown> | undefined;
    return new Proxy(query, {
      get(target, name, self) {
        if (name === 'then')
          return (...handlers: Parameters<typeof query.then>) => (answer ??= answerTo(query)).then(...handlers);
        const value = Reflect.get(target, name, self) as unknown;
        return name === 'cursor' && typeof value === 'function' ? (value.bind(query) as unknown) : value;
      },
    });
  }

  return new Proxy(sql, {
    apply: (target, self, parameters: unknown[]) => watch(Reflect.apply(target, self, parameters)),
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      return name === 'unsafe'
        ? (...parameters: Parameters<Sql['unsafe']>) => watch(target.unsafe(...parameters))
        : value;
    },
  });
}
