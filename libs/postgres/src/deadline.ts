import { DatabaseUnavailable } from '@logfold/core';
import type { Sql } from './connection.js';

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
  let timer: NodeJS.Timeout | undefined;

  function restart(): void {
    clearTimeout(timer);
    timer = waiting.size === 0 ? undefined : setTimeout(expire, deadlineMs);
  }

  function expire(): void {
    const error = new DatabaseUnavailable(`The database did not answer within ${deadlineMs} ms`);
    for (const reject of waiting) reject(error);
    waiting.clear();
    late();
  }

  /** Its `then`, which sends a query, and through which every way to wait for one goes. */
  function watch(query: unknown): unknown {
    if (!(query instanceof Promise)) return query; // a fragment, an identifier
    const then = query.then.bind(query) as PromiseLike<unknown>['then'];
    const answered = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        waiting.add(reject);
        if (waiting.size === 1) restart();
        const settled = (settle: (value: unknown) => void) => (value: unknown) => {
          if (waiting.delete(reject)) restart();
          settle(value);
        };
        then(settled(resolve), settled(reject));
      });
    let answer: Promise<unknown> | undefined;
    const cursor = (query as unknown as { cursor: (...parameters: unknown[]) => unknown }).cursor.bind(query);
    return Object.assign(query, {
      then: (...handlers: Parameters<typeof then>) => (answer ??= answered()).then(...handlers),
      cursor: (...parameters: unknown[]) => {
        Object.assign(query, { then });
        return cursor(...parameters);
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
