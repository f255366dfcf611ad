import { isDeepStrictEqual } from 'node:util';
import {
  InvalidDefinition,
  ReadModelBuilding,
  ReadModelMismatch,
  ReadModelTablesChanged,
  registryOf,
  type AnyReadModel,
  type ReadModel,
  type ReadModelTable,
  type ReadModelTables,
  type ReadModelVersion,
  type Rows,
  type SqlReadModel,
} from '@logfold/core';
import { TableRows } from './table-rows.js';
import type { MemoryTx, Stage } from './transactions.memory.js';

const PAGE = 100;
const PAGE_LIMIT = 1_000;

type Values = Readonly<Record<string, unknown>>;

/** One table: what it makes of rows, and the rows by the text of their key. */
export interface MemoryTable {
  readonly shape: TableRows;
  readonly rows: Map<string, Values>;
}

/** A version of a read model. */
export interface MemoryVersion {
  /** The SQL that its table was defined with, with its white space evened out. */
  readonly text: string;
  /** The state that its rows are published to. */
  readonly state: string | undefined;
  readonly tables: Map<ReadModelTable, MemoryTable>;
  fed: readonly ReadModelTable[];
  current: boolean;
}

/** The tables of read models in memory. Rows come back as a database gives them: what JSON holds, null where nothing is. */
export class MemoryReadModelTables implements ReadModelTables<MemoryTx> {
  readonly #schema: string;
  readonly #versions = new Map<string, Map<number, MemoryVersion>>();
  /** Keys of rows that are to be published, by the read model's name. */
  readonly #noted = new Map<string, Set<object>>();

  constructor(schema: string) {
    this.#schema = schema;
  }

  async prepare(
    model: AnyReadModel,
    { create = true, show = false }: { readonly create?: boolean; readonly show?: boolean } = {},
  ): Promise<void> {
    if (model.kind !== 'read model')
      throw new InvalidDefinition(
        `Read model "${model.name}" is written in SQL, which a database in memory cannot run: test it on a Postgres`,
      );
    const versions = this.versionsOf(model.name);
    const state = model.publish && registryOf(model.publish).name;
    const text = `${model.table.text.replaceAll(/\s+/g, ' ').trim()} ${state ?? ''}`;
    const known = versions.get(model.version);
    if (known && known.text !== text)
      throw new ReadModelMismatch(
        model.name,
        `its table or its "publish" changed, its version did not: raise version ${model.version} by one`,
      );
    const version = known ?? { text, state, tables: new Map(), fed: [], current: false };
    versions.set(model.version, version);
    if (!create || version.fed.length > 0) return;
    version.tables.set('live', { shape: new TableRows(model), rows: new Map() });
    version.fed = ['live'];
    if (show) for (const [number, each] of versions) if (number < model.version) each.current = false;
    version.current = ![...versions.values()].some(({ current }) => current);
  }

  async versions(name?: string): Promise<readonly ReadModelVersion[]> {
    const names = name === undefined ? [...this.#versions.keys()].sort() : [name];
    return names.flatMap((each) => {
      const versions = [...this.versionsOf(each)].sort(([a], [b]) => a - b);
      return versions.map(([version, { fed, current }]) => ({ name: each, version, fed, current }));
    });
  }

  async fed(tx: MemoryTx, model: AnyReadModel): Promise<readonly ReadModelTable[]> {
    const version = this.versionOf(model);
    const { fed } = version;
    tx.stage(version, () => new Unchanged(model.name, () => version.fed === fed));
    return fed;
  }

  async isCurrent(tx: MemoryTx, model: ReadModel): Promise<boolean> {
    const version = this.versionOf(model);
    const { current } = version;
    tx.stage(version.tables, () => new Unchanged(model.name, () => version.current === current));
    return current;
  }

  async takeNoted(tx: MemoryTx, model: ReadModel, limit: number): Promise<readonly object[]> {
    const noted = this.#noted.get(model.name);
    if (!noted || !(await this.isCurrent(tx, model))) return [];
    const taken = [...noted].slice(0, limit);
    tx.stage(noted, () => new Taken(noted, taken));
    return taken;
  }

  /** Notes keys of rows that are to be published. */
  note(name: string, keys: Iterable<object>): void {
    const noted = this.#noted.get(name) ?? new Set();
    this.#noted.set(name, noted);
    for (const key of keys) noted.add(key);
  }

  async load(
    tx: MemoryTx,
    model: ReadModel,
    keys: readonly object[],
    name: ReadModelTable = 'live',
  ): Promise<readonly object[]> {
    const table = this.tableOf(model, name);
    const staged = this.#staged(tx, table);
    const wanted = new Set(keys.map((key) => table.shape.keyOf(key)));
    return [...wanted].flatMap((text) => {
      const row = staged.has(text) ? staged.get(text) : table.rows.get(text);
      return row ? [structuredClone(row)] : [];
    });
  }

  async write(
    tx: MemoryTx,
    model: ReadModel,
    rows: readonly object[],
    deleted: readonly object[],
    name: ReadModelTable = 'live',
  ): Promise<void> {
    const table = this.tableOf(model, name);
    const gone = deleted.map((key) => table.shape.keyOf(key));
    const stored = rows.map((row) => table.shape.stored(row));
    const staged = this.#staged(tx, table);
    for (const text of gone) staged.set(text, undefined);
    for (const row of stored) staged.set(table.shape.keyOfRow(row), row);
  }

  async stored(model: ReadModel, rows: readonly object[]): Promise<readonly object[]> {
    const { shape } = this.tableOf(model, 'live');
    return rows.map((row) => shape.stored(row));
  }

  names(model: SqlReadModel): never {
    throw new InvalidDefinition(
      `Read model "${model.name}" is written in SQL: a database in memory has no tables for it`,
    );
  }

  rows<Row extends object, Key extends object>(model: ReadModel<Row, Key>): Rows<Row, Key> {
    return {
      table: `${this.#schema}.${model.name}__v${model.version}`,
      find: async (key) => {
        const { shape, rows } = this.tableOf(model, 'live');
        return structuredClone(rows.get(shape.keyOf(key))) as Row | undefined;
      },
      findMany: async (where = {}, { limit = PAGE, after } = {}) => {
        const { shape, rows } = this.tableOf(model, 'live');
        const wanted = Object.entries(JSON.parse(JSON.stringify(where)) as Values);
        if (after) shape.keyOf(after);
        const found = [...rows.values()]
          .filter((row) => wanted.every(([property, value]) => isDeepStrictEqual(row[property], value)))
          .filter((row) => after === undefined || shape.compare(row, after as Values) > 0)
          .sort((a, b) => shape.compare(a, b));
        return structuredClone(found.slice(0, Math.min(limit, PAGE_LIMIT))) as unknown as Row[];
      },
    };
  }

  /** The versions of a read model, for whoever changes their tables. */
  versionsOf(name: string): Map<number, MemoryVersion> {
    const versions = this.#versions.get(name) ?? new Map<number, MemoryVersion>();
    this.#versions.set(name, versions);
    return versions;
  }

  /** @throws ReadModelMismatch for a version that was never prepared. */
  versionOf({ name, version }: Pick<AnyReadModel, 'name' | 'version'>): MemoryVersion {
    const found = this.versionsOf(name).get(version);
    if (!found) throw new ReadModelMismatch(name, `version ${version} has no table yet: prepare it first`);
    return found;
  }

  /** @throws ReadModelBuilding where there is no such table. */
  tableOf(model: ReadModel, name: ReadModelTable): MemoryTable {
    const table = this.versionOf(model).tables.get(name);
    if (!table) throw new ReadModelBuilding(model.name, model.version);
    return table;
  }

  #staged(tx: MemoryTx, table: MemoryTable): Map<string, Values | undefined> {
    return tx.stage(table, () => new StagedRows(table)).rows;
  }
}

/** The rows of one table that an open transaction has written; undefined for those it deleted. */
class StagedRows implements Stage {
  readonly rows = new Map<string, Values | undefined>();
  readonly #table: MemoryTable;

  constructor(table: MemoryTable) {
    this.#table = table;
  }

  check(): void {}

  commit(): void {
    for (const [text, row] of this.rows)
      if (row) this.#table.rows.set(text, row);
      else this.#table.rows.delete(text);
  }

  rollback(): void {}
}

/** That what was asked for is still true at commit: nobody waits here, so the commit has to look. */
class Unchanged implements Stage {
  readonly #name: string;
  readonly #isTrue: () => boolean;

  constructor(name: string, isTrue: () => boolean) {
    this.#name = name;
    this.#isTrue = isTrue;
  }

  check(): void {
    if (!this.#isTrue()) throw new ReadModelTablesChanged(this.#name);
  }

  commit(): void {}

  rollback(): void {}
}

/** Keys that a transaction takes out, once it commits. */
class Taken implements Stage {
  readonly #from: Set<object>;
  readonly #keys: readonly object[];

  constructor(from: Set<object>, keys: readonly object[]) {
    this.#from = from;
    this.#keys = keys;
  }

  check(): void {}

  commit(): void {
    for (const key of this.#keys) this.#from.delete(key);
  }

  rollback(): void {}
}
