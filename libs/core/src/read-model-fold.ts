import { ReadModelMismatch } from './read-model-errors.js';
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
    if (model.evolve[event.type]) for (const [text, key] of keysOf(model, event)) keys.set(text, key);
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
  const row = (text: string): object | undefined =>
    written.get(text) ?? (deleted.has(text) ? undefined : rows.get(text));
  for (const event of events)
    foldEvent(model, event, row, (text, key, after) => {
      if (after) {
        deleted.delete(text);
        written.set(text, after);
      } else {
        written.delete(text);
        if (rows.has(text)) deleted.set(text, key);
      }
    });
  return { written, deleted };
}

/**
 * Folds one event into each of the rows that it touches, each once.
 * @param row the row with a key now, given by the key's text
 * @param becomes told what it becomes; undefined when it is deleted. Not told of rows that stay.
 * @throws ReadModelMismatch as `foldRows`
 */
export function foldEvent(
  model: ReadModel,
  event: Recorded,
  row: (text: string) => object | undefined,
  becomes: (text: string, key: object, after: object | undefined) => void,
): void {
  const evolve = model.evolve[event.type];
  if (!evolve) return;
  for (const [text, key] of keysOf(model, event)) {
    const after = evolve(row(text), event, key);
    if (after === undefined) continue;
    if (after !== null) requireKey(model, key, after, event);
    becomes(text, key, after ?? undefined);
  }
}

/**
 * Rows that a table gave for some keys, by the text of their key.
 * @throws ReadModelMismatch when the table writes a key otherwise than it was given: nothing would ever be found again.
 */
export function rowsByKey(
  model: ReadModel,
  keys: ReadonlyMap<string, object>,
  rows: readonly object[],
): Map<string, object> {
  const [example = {}] = keys.values();
  const names = Object.keys(example);
  const found = new Map(rows.map((row) => [keyText(pick(row, names)), row]));
  for (const text of found.keys())
    if (!keys.has(text))
      throw new ReadModelMismatch(
        model.name,
        `the type of its PRIMARY KEY's column writes a key as ${text}: give keys as the column writes them`,
      );
  return found;
}

/** Some properties of a row. */
export function pick(row: object, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, (row as Record<string, unknown>)[name]]));
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

/** The keys of the rows that an event touches, each once, by their text. */
function keysOf(model: ReadModel, event: Recorded): readonly (readonly [string, object])[] {
  const keys = model.key(event) as Keys<object>;
  if (!Array.isArray(keys)) return [[keyText(keys), keys]];
  return [...new Map((keys as readonly object[]).map((key) => [keyText(key), key]))];
}

function requireKey(model: ReadModel, key: object, row: object, event: Recorded): void {
  for (const [name, value] of Object.entries(key))
    if ((row as Record<string, unknown>)[name] !== value)
      throw new ReadModelMismatch(
        model.name,
        `evolve.${event.type} returned a row whose ${name} is not that of the key (position ${event.position})`,
      );
}
