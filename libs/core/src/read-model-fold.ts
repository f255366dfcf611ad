import { ReadModelMismatch } from './errors.js';
import type { Recorded } from './events.js';
import type { Keys, ReadModel } from './read-model.js';

/** What a batch of events makes of the rows that it touches. */
export interface FoldedRows {
  /** Rows to insert or replace, by the text of their key. */
  readonly written: ReadonlyMap<string, object>;
  /** Keys of rows to delete, by their text. */
  readonly deleted: ReadonlyMap<string, object>;
}

/** The keys that some events touch, by their text; each once. Load these rows, then fold. */
export function touchedKeys(model: ReadModel, events: readonly Recorded[]): Map<string, object> {
  const keys = new Map<string, object>();
  for (const event of events)
    if (model.evolve[event.type]) for (const key of each<object>(model.key(event))) keys.set(keyText(key), key);
  return keys;
}

/**
 * Folds events, in their order, over the rows that they touch. Pure: neither the rows nor the events are changed.
 * @param rows the rows that exist, by the text of their key.
 * @throws ReadModelMismatch when a row that `evolve` returned does not carry the key it was asked for.
 */
export function foldRows(model: ReadModel, rows: ReadonlyMap<string, object>, events: readonly Recorded[]): FoldedRows {
  const written = new Map<string, object>();
  const deleted = new Map<string, object>();
  for (const event of events) {
    const evolve = model.evolve[event.type];
    if (!evolve) continue;
    const keys = new Map(each<object>(model.key(event)).map((key) => [keyText(key), key])); // each row once
    for (const [text, key] of keys) {
      const before = written.get(text) ?? (deleted.has(text) ? undefined : rows.get(text));
      const after = evolve(before, event, key);
      if (after === undefined) continue;
      if (after === null) {
        written.delete(text);
        if (rows.has(text)) deleted.set(text, key);
        continue;
      }
      requireKey(model, key, after, event);
      deleted.delete(text);
      written.set(text, after);
    }
  }
  return { written, deleted };
}

/** A key as text, the same for the same values in whatever order its properties stand. */
export function keyText(key: object): string {
  const names = Object.keys(key).sort();
  return JSON.stringify(names.map((name) => (key as Record<string, unknown>)[name]));
}

/** Keys as a list: one, or several. */
export function each<Key>(keys: Keys<Key>): readonly Key[] {
  return Array.isArray(keys) ? (keys as readonly Key[]) : [keys as Key];
}

function requireKey(model: ReadModel, key: object, row: object, event: Recorded): void {
  for (const [name, value] of Object.entries(key))
    if ((row as Record<string, unknown>)[name] !== value)
      throw new ReadModelMismatch(
        model.name,
        `evolve.${event.type} returned a row whose ${name} is not that of the key (position ${event.position})`,
      );
}
