import type { ReadModel, Rows } from './read-model.js';

/** The tables behind read models. Rows and keys have the properties that the definition gives them. */
export interface ReadModelTables<Tx = unknown> {
  /**
   * Creates the table if it is not there, and checks that it fits the definition.
   * @throws ReadModelMismatch when the key is not the PRIMARY KEY or the definition changed without a new version.
   */
  prepare(model: ReadModel): Promise<void>;
  /** The rows with these keys, as far as they exist. */
  load(tx: Tx, model: ReadModel, keys: readonly object[]): Promise<readonly object[]>;
  /** Inserts or replaces rows, and deletes those with the given keys. @throws ReadModelMismatch for rows that do not fit. */
  write(tx: Tx, model: ReadModel, rows: readonly object[], deleted: readonly object[]): Promise<void>;
  /** What `load` would answer for these rows if they had been written. @throws ReadModelMismatch for rows that do not fit. */
  shaped(model: ReadModel, rows: readonly object[]): Promise<readonly object[]>;
  /** The query side. */
  rows<Row extends object, Key extends object>(model: ReadModel<Row, Key>): Rows<Row, Key>;
}
