import { deepStrictEqual } from 'node:assert';
import { eventCatalog, foldRows, touchedKeys, type Event, type ReadModel, type Recorded } from '@logfold/core';
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
    const event = catalog.current(isRecorded(given) ? given : recordedAs(given, index, model));
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

/** Makes up what the log would add: each event a second after the one before, all of one stream. */
function recordedAs({ type, data }: Event, index: number, model: ReadModel): Recorded {
  const id = `00000000-0000-7000-8000-${String(index + 1).padStart(12, '0')}`;
  return {
    id,
    type,
    data,
    stream: 'given-1',
    version: index + 1,
    position: BigInt(index + 1),
    schemaVersion: schemaVersionOf(type, model),
    recordedAt: new Date(Date.UTC(2030, 0, 1, 0, 0, index)),
    metadata: { correlationId: id, causationId: id },
  };
}

/** The version that its creator gives to new events. */
function schemaVersionOf(type: string, model: ReadModel): number {
  for (const registry of model.from as readonly Record<string, { readonly version: number } | undefined>[])
    if (Object.hasOwn(registry, type)) return registry[type]!.version;
  return 1;
}
