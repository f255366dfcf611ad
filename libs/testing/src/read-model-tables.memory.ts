import { isDeepStrictEqual } from 'node:util';
import { ReadModelMismatch, type ReadModel, type ReadModelTables, type Rows } from '@logfold/core';
import { TableRows } from './table-rows.js';
import type { MemoryTx, Stage } from './transactions.memory.js';

const PAGE = 100;
const PAGE_LIMIT = 1_000;

type Values = Readonly<Record<string, unknown>>;

interface Table {
  /** The SQL that it was made with, with its white space evened out. */
  readonly text: string;
  readonly shape: TableRows;
  /** The rows by the text of their key. */
  readonly rows: Map<string, Values>;
}

/** The tables of read models in memory. Rows come back as a database gives them: what JSON holds, null where nothing is. */
export class MemoryReadModelTables implements ReadModelTables<MemoryTx> {
  readonly #schema: string;
  readonly #tables = new Map<string, Table>();

  constructor(schema: string) {
    this.#schema = schema;
  }

  async prepare(model: ReadModel): Promise<void> {
    const name = this.#nameOf(model);
    const text = model.table.text.replaceAll(/\s+/g, ' ').trim();
    const present = this.#tables.get(name);
    if (present && present.text !== text)
      throw new ReadModelMismatch(
        model.name,
        `its table changed, its version did not: raise version ${model.version} by one`,
      );
    if (!present) this.#tables.set(name, { text, shape: new TableRows(model), rows: new Map() });
  }

  async load(tx: MemoryTx, model: ReadModel, keys: readonly object[]): Promise<readonly object[]> {
    const table = this.#tableOf(model);
    const staged = this.#staged(tx, table);
    const wanted = new Set(keys.map((key) => table.shape.keyOf(key)));
    return [...wanted].flatMap((text) => {
      const row = staged.has(text) ? staged.get(text) : table.rows.get(text);
      return row ? [structuredClone(row)] : [];
    });
  }

  async write(tx: MemoryTx, model: ReadModel, rows: readonly object[], deleted: readonly object[]): Promise<void> {
    const table = this.#tableOf(model);
    const gone = deleted.map((key) => table.shape.keyOf(key));
    const stored = rows.map((row) => table.shape.stored(row));
    const staged = this.#staged(tx, table);
    for (const text of gone) staged.set(text, undefined);
    for (const row of stored) staged.set(table.shape.keyOfRow(row), row);
  }

  async shaped(model: ReadModel, rows: readonly object[]): Promise<readonly object[]> {
    const { shape } = this.#tableOf(model);
    return rows.map((row) => shape.stored(row));
  }

  rows<Row extends object, Key extends object>(model: ReadModel<Row, Key>): Rows<Row, Key> {
    return {
      table: this.#nameOf(model),
      find: async (key) => {
        const { shape, rows } = this.#tableOf(model);
        return structuredClone(rows.get(shape.keyOf(key))) as Row | undefined;
      },
      findMany: async (where = {}, { limit = PAGE, after } = {}) => {
        const { shape, rows } = this.#tableOf(model);
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

  #nameOf(model: ReadModel): string {
    return `${this.#schema}.${model.name}__v${model.version}`;
  }

  #tableOf(model: ReadModel): Table {
    const table = this.#tables.get(this.#nameOf(model));
    if (!table) throw new ReadModelMismatch(model.name, `version ${model.version} has no table yet: prepare it first`);
    return table;
  }

  #staged(tx: MemoryTx, table: Table): Map<string, Values | undefined> {
    return tx.stage(table, () => new StagedRows(table)).rows;
  }
}

/** The rows of one table that an open transaction has written; undefined for those it deleted. */
class StagedRows implements Stage {
  readonly rows = new Map<string, Values | undefined>();
  readonly #table: Table;

  constructor(table: Table) {
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
