import type { Database } from '@logfold/core';

/** A transaction that stays open until a test ends it. */
export interface OpenTransaction<T> {
  /** What the work in it gave. */
  readonly result: T;
  /** Ends the work. @throws what the commit throws. */
  commit(): Promise<void>;
  rollBack(): Promise<void>;
}

/** Begins a transaction, does the work in it, and leaves it open. @throws what the work throws. */
export async function openTransaction<T>(
  database: Database,
  work: (tx: unknown) => Promise<T>,
): Promise<OpenTransaction<T>> {
  const worked = Promise.withResolvers<T>();
  const end = Promise.withResolvers<void>();
  const rolledBack = new RolledBack();
  const run = database.transactions.run(async (tx) => {
    worked.resolve(await work(tx));
    await end.promise;
  });
  run.catch(worked.reject);
  return {
    result: await worked.promise,
    async commit() {
      end.resolve();
      await run;
    },
    async rollBack() {
      end.reject(rolledBack);
      await run.catch((error: unknown) => {
        if (error !== rolledBack) throw error;
      });
    },
  };
}

/** Ends a transaction without a fault. */
export class RolledBack {
  readonly name = 'RolledBack';
}
