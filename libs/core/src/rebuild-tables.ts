import type { Checkpoint } from './checkpoint.js';
import type { ReadModel } from './read-model.js';
import type { ReadModelTable } from './read-model-tables.js';
import type { Comparison, Rebuild, RebuildState } from './rebuild.js';
import type { AnyReadModel } from './sql-read-model.js';

/** Which version of a read model, for who has not its definition. */
export type VersionName = Pick<AnyReadModel, 'name' | 'version'>;

/** A change of what the tables of a version are called, in one transaction. */
export type RebuildStep = 'switch' | 'roll back' | 'drop';

/** From which states each step leads on. */
export const STEPS_FROM: Readonly<Record<RebuildStep, readonly RebuildState[]>> = {
  switch: ['verified', 'rolled-back'],
  'roll back': ['switched'],
  drop: ['requested', 'building', 'attached', 'verified', 'refused', 'switched', 'rolled-back'],
};

/**
 * The tables of rebuilds. Every call that changes something first locks the rebuild's row, and does nothing unless it is
 * still claimed by the caller and in a state from which the step leads on.
 * @throws RebuildOvertaken otherwise
 */
export interface RebuildTables<Tx = unknown> {
  /** Makes the new table, empty, or that to compare with; drops what an earlier try has left. @throws ReadModelMismatch */
  create(rebuild: Rebuild, model: AnyReadModel, table?: 'new' | 'check'): Promise<void>;
  /** Does something to these tables in a transaction of its own. */
  within<T>(rebuild: Rebuild, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** The rows of the new table with these keys. */
  load(rebuild: Rebuild, model: ReadModel, keys: readonly object[]): Promise<readonly object[]>;
  /**
   * Writes rows of the new table, and deletes those with the given keys, a few thousand at a time: not atomic.
   * @param options.fresh none of these keys was ever written: that is a lot faster
   */
  put(
    rebuild: Rebuild,
    model: ReadModel,
    changes: { readonly rows: readonly object[]; readonly deleted: readonly object[]; readonly fresh: boolean },
  ): Promise<void>;
  /** From the commit of `tx` on the new table follows the checkpoint. The caller has moved, or held, the checkpoints in it. */
  attach(tx: Tx, rebuild: Rebuild, model: AnyReadModel): Promise<void>;
  /** Looks at tables and checkpoints as they were at one moment. */
  examine<T>(model: AnyReadModel, work: (view: TablesView) => Promise<T>): Promise<T>;
  /**
   * `switch`: queries read the new table. `roll back`: they read the one before. `drop`: what queries do not read goes.
   * Never goes back: @throws RebuildBehind, retryable, while what queries would read has not got as far as what they read.
   */
  step(rebuild: Rebuild, model: VersionName, step: RebuildStep): Promise<void>;
}

/** One table of one version. */
export interface TableOf {
  /** Which of the tables of a model in SQL. */
  readonly part?: string;
  readonly version: number;
  readonly table: ReadModelTable;
}

/** Tables and checkpoints at one moment. */
export interface TablesView {
  /** The properties of the PRIMARY KEY; none for a model in SQL, which may have several tables. */
  readonly key: readonly string[];
  /** How many rows the new table has. */
  count(): Promise<number>;
  /** How far a version had got, by source and partition. */
  checkpoints(version: number): Promise<ReadonlyMap<string, ReadonlyMap<number, Checkpoint>>>;
  /** The keys that a version has parked. */
  parked(version: number): Promise<ReadonlySet<string>>;
  /** All rows of the new table, some thousand at a time, in no particular order. */
  rows(): AsyncIterable<readonly object[]>;
  /** Rows as the table would give them back. */
  stored(rows: readonly object[]): Promise<readonly object[]>;
  /**
   * Compares the new table with another in the columns that both have.
   * @param other of the same part
   * @param options.except columns that are different on purpose
   * @param options.without keys of rows to leave out
   * Undefined where the tables have not the same PRIMARY KEY.
   */
  compare(
    other: TableOf,
    options: { readonly except: readonly string[]; readonly without: readonly object[] },
  ): Promise<Pick<Comparison, 'rows' | 'different' | 'examples'> | undefined>;
}
