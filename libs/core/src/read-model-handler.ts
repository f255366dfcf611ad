import { ReadModelTablesChanged } from './errors.js';
import type { Recorded } from './events.js';
import type { ReadModel } from './read-model.js';
import { foldRows, rowsByKey, touchedKeys } from './read-model-fold.js';
import type { ReadModelTable, ReadModelTables } from './read-model-tables.js';
import type { SubscriptionHandler } from './subscription.js';

/**
 * Folds events into the tables that follow a read model's checkpoint: mostly one, and during and after a rebuild two, each
 * from its own rows. Which they are is remembered, and looked at again before each commit: whoever was frozen while a
 * table was added rolls back.
 */
export function readModelHandler<Tx>(model: ReadModel, tables: ReadModelTables<Tx>): SubscriptionHandler<Tx> {
  let fed: readonly ReadModelTable[] | undefined;
  return {
    types: model.types,
    async handle(events, tx) {
      fed ??= await tables.fed(tx, model);
      try {
        for (const table of fed) await foldInto(table, model, tables, events, tx);
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
