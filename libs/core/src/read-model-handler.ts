import { ReadModelTablesChanged } from './read-model-errors.js';
import type { EventCatalog } from './event-catalog.js';
import type { EventStore } from './event-store.js';
import type { Recorded } from './events.js';
import { refuseStrayRows } from './partitioned.js';
import type { ReadModel } from './read-model.js';
import { foldRows, rowsByKey, touchedKeys } from './read-model-fold.js';
import type { ReadModelTable, ReadModelTables } from './read-model-tables.js';
import type { AnyReadModel } from './sql-read-model.js';
import { publishChanges, type TouchedRows } from './state-publishing.js';
import type { SubscriptionHandler } from './subscription.js';

/** What a batch relies on, from its beginning to its commit. */
interface Footing {
  readonly fed: readonly ReadModelTable[];
  readonly publishes: boolean;
}

/**
 * Folds events into the tables that follow a read model's checkpoint, each from its own rows; or applies them in SQL. There is
 * mostly one, and during and after a rebuild two. Which they are is remembered, and looked at again before each commit:
 * whoever was frozen while a table was added rolls back. Rows of the table that queries read are published, where the
 * definition says so.
 */
export function readModelHandler<Tx>(
  model: AnyReadModel,
  tables: ReadModelTables<Tx>,
  log: Pick<EventStore<Tx>, 'appendAll'>,
  catalog: Pick<EventCatalog, 'keyOf'>,
): SubscriptionHandler<Tx> {
  let footing: Footing | undefined;
  const look = async (tx: Tx): Promise<Footing> => ({
    fed: await tables.fed(tx, model),
    publishes: model.kind === 'read model' && model.publish !== undefined && (await tables.isCurrent(tx, model)),
  });
  const fold = async (folded: ReadModel, { fed, publishes }: Footing, events: readonly Recorded[], tx: Tx) => {
    let live: TouchedRows | undefined;
    for (const table of fed) {
      const touched = await foldInto(table, folded, tables, events, tx);
      if (table === 'live') live = touched;
    }
    if (live && publishes) await publishChanges(folded, live, tables, log, tx); // last: the log waits for its commit
  };
  return {
    types: model.types,
    async handle(events, tx) {
      footing ??= await look(tx);
      try {
        if (model.kind === 'read model') {
          refuseStrayRows(model, catalog, events);
          await fold(model, footing, events, tx);
        } else for (const table of footing.fed) await model.apply(tx, events, tables.names(model, table));
      } catch (error) {
        footing = undefined; // it may be for a table that was renamed
        throw error;
      }
    },
    async confirm(tx) {
      const before = footing;
      footing = await look(tx);
      const { fed, publishes } = footing;
      const same = fed.length === before?.fed.length && fed.every((table, index) => table === before.fed[index]);
      if (!same || publishes !== before.publishes) throw new ReadModelTablesChanged(model.name);
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
): Promise<TouchedRows> {
  const keys = touchedKeys(model, events);
  if (keys.size === 0) return { keys, before: new Map() };
  const before = rowsByKey(model, keys, await tables.load(tx, model, [...keys.values()], table));
  const { written, deleted } = foldRows(model, before, events);
  await tables.write(tx, model, [...written.values()], [...deleted.values()], table);
  return { keys, before };
}
