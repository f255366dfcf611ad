import { ReadModelTablesChanged } from './errors.js';
import type { Recorded } from './events.js';
import type { ReadModel } from './read-model.js';
import { foldRows, rowsByKey, touchedKeys } from './read-model-fold.js';
import type { ReadModelTable, ReadModelTables } from './read-model-tables.js';
import type { AnyReadModel } from './sql-read-model.js';
import type { SubscriptionHandler } from './subscription.js';

/** Folds events into the tables that follow a read model's checkpoint, each from its own rows; or applies them in SQL. */
export function readModelHandler<Tx>(model: AnyReadModel, tables: ReadModelTables<Tx>): SubscriptionHandler<Tx> {
  return feeding(model, tables, (table, events, tx) =>
    model.kind === 'read model'
      ? foldInto(table, model, tables, events, tx)
      : model.apply(tx, events, tables.names(model, table)),
  );
}

/**
 * Does the same for each table: mostly one, and during and after a rebuild two. Which they are is remembered, and looked at
 * again before each commit: whoever was frozen while a table was added rolls back.
 */
function feeding<Tx>(
  model: AnyReadModel,
  tables: ReadModelTables<Tx>,
  feed: (table: ReadModelTable, events: readonly Recorded[], tx: Tx) => Promise<void>,
): SubscriptionHandler<Tx> {
  let fed: readonly ReadModelTable[] | undefined;
  return {
    types: model.types,
    async handle(events, tx) {
      fed ??= await tables.fed(tx, model);
      try {
        for (const table of fed) await feed(table, events, tx);
      } catch (error) {
        fed = undefined; // it may be for a table that was renamed
        throw error;
      }
    },
    async confirm(tx) {
      const now = await tables.fed(tx, model);
      const same = now.length === fed?.length && now.every((table, index) => table === fed![index]);
      fed = now;
      if (!same) throw new ReadModelTablesChanged(model.name);
    },
  };
}

/** Folds events into one table: loads the rows they touch, folds in memory, writes once. */
export async function foldInto<Tx>(
  table: ReadModelTable,
  model: ReadModel,
  tables: ReadModelTables<Tx>,
  events: readonly Recorded[],
  tx: Tx,
): Promise<void> {
  const keys = touchedKeys(model, events);
  if (keys.size === 0) return;
  const rows = rowsByKey(model, keys, await tables.load(tx, model, [...keys.values()], table));
  const { written, deleted } = foldRows(model, rows, events);
  await tables.write(tx, model, [...written.values()], [...deleted.values()], table);
}

/** The name of a read model's subscription: each version has its own checkpoint. */
export function subscriptionName({ name, version }: Pick<ReadModel, 'name' | 'version'>): string {
  return `${name} v${version}`;
}
