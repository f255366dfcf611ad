import { deepStrictEqual } from 'node:assert';
import { eventCatalog, foldRows, touchedKeys, type Event, type ReadModel, type Recorded } from '@logfold/core';
import { recordedAs } from './recorded-as.js';
import { TableRows } from './table-rows.js';

/** A read model with a history. */
export interface GivenReadModel<Row extends object> {
  /**
   * Its table holds exactly these rows, in any order; a column that a row lacks is null.
   * @throws AssertionError; ReadModelMismatch for a row, folded or expected, that the table could not hold.
   */
  thenRows(rows: readonly Row[]): void;
}

/** See `given`. */
export function givenReadModel<Row extends object>(
  model: ReadModel<Row>,
  history: readonly (Event | Recorded)[],
): GivenReadModel<Row> {
  return {
    thenRows(rows) {
      const table = new TableRows(model);
      const expected = rows.map((row) => table.stored(row));
      deepStrictEqual(
        foldedRows(model, table, history),
        expected.sort((a, b) => table.compare(a, b)),
      );
    },
  };
}

/**
 * Folds event by event, each row read back as the table would give it: what a fold may rely on in every batching.
 * Events that the model does not fold are passed over, as its subscription does.
 */
function foldedRows(model: ReadModel, table: TableRows, history: readonly (Event | Recorded)[]): object[] {
  const catalog = eventCatalog(model.from);
  const rows = new Map<string, Readonly<Record<string, unknown>>>();
  for (const [index, given] of history.entries()) {
    const event = catalog.current(isRecorded(given) ? given : recordedAs(given, index, model.from));
    if (!model.types.includes(event.type)) continue;
    for (const key of touchedKeys(model, [event]).values()) table.keyOf(key);
    const { written, deleted } = foldRows(model, rows, [event]);
    for (const text of deleted.keys()) rows.delete(text);
    for (const [text, row] of written) rows.set(text, table.stored(row));
  }
  return [...rows.values()].sort((a, b) => table.compare(a, b));
}

function isRecorded(event: Event | Recorded): event is Recorded {
  return 'position' in event;
}
