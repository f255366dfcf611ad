import { keyText, ReadModelMismatch, type ReadModel } from '@logfold/core';
import { unstorable } from './storable.js';
import { tableDefinition, type TableDefinition } from './table-definition.js';

type Values = Readonly<Record<string, unknown>>;

/** What a table makes of rows and keys: what it accepts, and what it gives back. */
export class TableRows {
  readonly #model: ReadModel;
  readonly #definition: TableDefinition;

  /** @throws ReadModelMismatch for a table without a primary key. */
  constructor(model: ReadModel) {
    this.#model = model;
    this.#definition = tableDefinition(model);
  }

  /** The properties of the PRIMARY KEY, in its order. */
  get key(): readonly string[] {
    return this.#definition.key;
  }

  /** The properties of all columns. */
  get properties(): readonly string[] {
    return this.#definition.columns.map(({ property }) => property);
  }

  /**
   * The row as it would be read back: what JSON keeps of it, with null for each column that it lacks.
   * @throws ReadModelMismatch when the table has no such column, must not be null there, or cannot store it.
   */
  stored(row: object): Values {
    const given = JSON.parse(JSON.stringify(row)) as Values;
    const { columns } = this.#definition;
    const properties = new Set(columns.map(({ property }) => property));
    const unknown = Object.keys(given).filter((property) => !properties.has(property));
    if (unknown.length > 0) throw this.#mismatch(`its table has no column for ${unknown.join(', ')}`);
    const why = unstorable(given);
    if (why) throw this.#mismatch(`a row cannot be stored: ${why}`);
    const empty = columns.find(({ property, notNull }) => notNull && (given[property] ?? null) === null);
    if (empty) throw this.#mismatch(`a row has no ${empty.property}, and the column must not be null`);
    return Object.fromEntries(columns.map(({ property }) => [property, given[property] ?? null]));
  }

  /** The text of a key, given alone or as part of a row. */
  keyOfRow(row: Values): string {
    return keyText(Object.fromEntries(this.#definition.key.map((property) => [property, row[property]])));
  }

  /** The text of a key. @throws ReadModelMismatch when it is not exactly the PRIMARY KEY. */
  keyOf(key: object): string {
    const given = Object.keys(key).sort();
    const wanted = this.#definition.key;
    if (given.length !== wanted.length || given.some((property) => !wanted.includes(property)))
      throw this.#mismatch(`its key is (${given.join(', ')}), the PRIMARY KEY of its table is (${wanted.join(', ')})`);
    return this.keyOfRow(key as Values);
  }

  /** The order of the PRIMARY KEY: numbers by value, text by its code points. */
  compare(a: Values, b: Values): number {
    for (const property of this.#definition.key) {
      const [left, right] = [a[property] as string, b[property] as string];
      if (left !== right) return left < right ? -1 : 1;
    }
    return 0;
  }

  #mismatch(why: string): ReadModelMismatch {
    return new ReadModelMismatch(this.#model.name, why);
  }
}
