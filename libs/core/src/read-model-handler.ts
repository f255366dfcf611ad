import { ReadModelMismatch } from './errors.js';
import type { ReadModel } from './read-model.js';
import { foldRows, keyText, touchedKeys } from './read-model-fold.js';
import type { ReadModelTables } from './read-model-tables.js';
import type { SubscriptionHandler } from './subscription.js';

/** Folds events into a read model's table: loads the rows they touch, folds in memory, writes once. */
export function readModelHandler<Tx>(model: ReadModel, tables: ReadModelTables<Tx>): SubscriptionHandler<Tx> {
  return {
    types: model.types,
    async handle(events, tx) {
      const keys = touchedKeys(model, events);
      const [example] = keys.values();
      if (example === undefined) return;
      const names = Object.keys(example);
      const existing = await tables.load(tx, model, [...keys.values()]);
      const rows = new Map(existing.map((row) => [keyText(pick(row, names)), row]));
      for (const text of rows.keys())
        if (!keys.has(text))
          throw new ReadModelMismatch(
            model.name,
            `the type of its PRIMARY KEY's column writes a key as ${text}: give keys as the column writes them`,
          );
      const { written, deleted } = foldRows(model, rows, events);
      await tables.write(tx, model, [...written.values()], [...deleted.values()]);
    },
  };
}

/** The name of a read model's subscription: each version has its own checkpoint. */
export function subscriptionName(model: ReadModel): string {
  return `${model.name} v${model.version}`;
}

function pick(row: object, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, (row as Record<string, unknown>)[name]]));
}
