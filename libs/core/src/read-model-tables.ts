import type { ReadModel, Rows } from './read-model.js';
import type { AnyReadModel, SqlReadModel } from './sql-read-model.js';

/**
 * One of the tables that a version of a read model may have: the one that queries read, the one that a rebuild makes, the one
 * that a rebuild has replaced, and, for a while, the one that a model in SQL is compared with.
 */
export type ReadModelTable = 'live' | 'new' | 'old' | 'check';

/** A version of a read model, as the database knows it. */
export interface ReadModelVersion {
  readonly name: string;
  readonly version: number;
  /** The tables that move with its checkpoint. Without `live` it is being built, or was never begun. */
  readonly fed: readonly ReadModelTable[];
  /** True for the one that the view of the model's name shows. */
  readonly current: boolean;
}

/** The tables behind read models. Rows and keys have the properties that the definition gives them. */
export interface ReadModelTables<Tx = unknown> {
  /**
   * Notes the version, and checks that it is the one that was noted. Creates its live table, unless told to leave that to a
   * rebuild, and checks that it fits the definition.
   * @param options.show the view shows a table that is created here, also where it showed another version
   * @throws ReadModelMismatch when the key is not the PRIMARY KEY or the definition changed without a new version.
   */
  prepare(model: AnyReadModel, options?: { readonly create?: boolean; readonly show?: boolean }): Promise<void>;
  /** The versions that were ever prepared of a read model, or of all, by name and in order. */
  versions(name?: string): Promise<readonly ReadModelVersion[]>;
  /** The tables that move with the checkpoint, as of now in this transaction. */
  fed(tx: Tx, model: AnyReadModel): Promise<readonly ReadModelTable[]>;
  /** The rows with these keys, as far as they exist. @param table the live one unless given */
  load(tx: Tx, model: ReadModel, keys: readonly object[], table?: ReadModelTable): Promise<readonly object[]>;
  /** Inserts or replaces rows, and deletes those with the given keys. @throws ReadModelMismatch for rows that do not fit. */
  write(
    tx: Tx,
    model: ReadModel,
    rows: readonly object[],
    deleted: readonly object[],
    table?: ReadModelTable,
  ): Promise<void>;
  /** What `load` would answer for these rows if they had been written. @throws ReadModelMismatch for rows that do not fit. */
  stored(model: ReadModel, rows: readonly object[]): Promise<readonly object[]>;
  /** True while the view shows this version, as of now in this transaction: its rows are those that are published. */
  isCurrent(tx: Tx, model: ReadModel): Promise<boolean>;
  /**
   * Takes keys of rows that are to be published, as switches of rebuilds note them in the transaction of the switch; none
   * unless the version is current. They are gone when `tx` commits.
   */
  takeNoted(tx: Tx, model: ReadModel, limit: number): Promise<readonly object[]>;
  /** The full names of the tables of a model in SQL. */
  names<Tables extends string>(model: SqlReadModel<Tables>, table?: ReadModelTable): Readonly<Record<Tables, string>>;
  /** The query side. Its calls throw ReadModelBuilding while there is no live table. */
  rows<Row extends object, Key extends object>(model: ReadModel<Row, Key>): Rows<Row, Key>;
}
