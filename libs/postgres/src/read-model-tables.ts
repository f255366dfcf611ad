import { createHash } from 'node:crypto';
import {
  LogfoldError,
  probeKey,
  ReadModelMismatch,
  type ReadModel,
  type ReadModelTables,
  type Rows,
} from '@logfold/core';
import type { Pool, Tx } from './connection.js';
import { isDataError, sqlState, translated, translating } from './errors.js';
import { columnsOf, requireColumns, requireKey, type Column } from './read-model-columns.js';
import { readModelStatements, type ReadModelStatements } from './read-model-statements.js';
import { APP_ROLE, OWNER_ROLE, READ_ROLE } from './roles.js';
import type { PostgresTransactions } from './transactions.js';

const PAGE = 100;
const LARGEST_PAGE = 1_000;

interface Table {
  readonly columns: readonly Column[];
  readonly statements: ReadModelStatements;
}

/** Read models as tables `name__vN` in the service's schema; the view `name` is for people and other tools. */
export class PostgresReadModelTables implements ReadModelTables<Tx> {
  readonly #tables = new Map<ReadModel, Promise<Table>>();

  /** @param owner creates tables; @param querying answers queries. */
  constructor(
    readonly owner: PostgresTransactions,
    readonly querying: Pool,
    readonly schema: string,
  ) {}

  async prepare(model: ReadModel): Promise<void> {
    const name = this.#nameOf(model);
    await this.owner.run(async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
      await tx.unsafe(`SET LOCAL ROLE ${OWNER_ROLE}`);
      if (await this.#register(tx, model)) await this.#create(tx, model, name);
    });
    const { columns } = await this.#table(model);
    const key = probeKey(model);
    if (key) requireKey(model, columns, Object.fromEntries(key.map((property) => [property, null])));
  }

  async load(tx: Tx, model: ReadModel, keys: readonly object[]): Promise<readonly object[]> {
    if (keys.length === 0) return [];
    const { columns, statements } = await this.#table(model);
    requireKey(model, columns, keys[0]!);
    return this.#asking(model, () => rowsFrom(tx, statements.load, [JSON.stringify(keys)]));
  }

  async write(tx: Tx, model: ReadModel, rows: readonly object[], deleted: readonly object[]): Promise<void> {
    const { columns, statements } = await this.#table(model);
    for (const row of rows) requireColumns(model, columns, row);
    await this.#asking(model, async () => {
      if (deleted.length > 0) await tx.unsafe(statements.delete, [JSON.stringify(deleted)], { prepare: true });
      if (rows.length > 0) await tx.unsafe(statements.upsert, [JSON.stringify(rows)], { prepare: true });
    });
  }

  async shaped(model: ReadModel, rows: readonly object[]): Promise<readonly object[]> {
    if (rows.length === 0) return [];
    const { columns, statements } = await this.#table(model);
    for (const row of rows) requireColumns(model, columns, row);
    return this.#asking(model, () => rowsFrom(this.querying.sql, statements.shaped, [JSON.stringify(rows)]));
  }

  rows<Row extends object, Key extends object>(model: ReadModel<Row, Key>): Rows<Row, Key> {
    return {
      table: this.#nameOf(model),
      find: async (key) => {
        const { columns, statements } = await this.#table(model);
        requireKey(model, columns, key);
        const [row] = await this.#asking(model, () =>
          rowsFrom(this.querying.sql, statements.load, [JSON.stringify([key])]),
        );
        return row as Row | undefined;
      },
      findMany: async (where = {}, { limit = PAGE, after } = {}) => {
        const { columns, statements } = await this.#table(model);
        requireColumns(model, columns, where);
        if (after) requireKey(model, columns, after);
        const conditions = columns
          .filter(({ property }) => (where as Record<string, unknown>)[property] !== undefined)
          .map((column) => ({ column, isNull: (where as Record<string, unknown>)[column.property] === null }));
        const text = statements.find(conditions, after !== undefined);
        const size = Math.min(Math.max(1, limit), LARGEST_PAGE);
        const parameters = [JSON.stringify(where), after ? JSON.stringify(after) : null, size];
        return (await this.#asking(model, () => rowsFrom(this.querying.sql, text, parameters))) as readonly Row[];
      },
    };
  }

  /** True when the version is new. @throws ReadModelMismatch when it was created from another definition. */
  async #register(tx: Tx, model: ReadModel): Promise<boolean> {
    const { name, version } = model;
    const hash = createHash('sha256').update(model.table.text.replace(/\s+/g, ' ').trim()).digest('hex');
    const [known] = await tx.unsafe<{ hash: string }[]>(
      `SELECT definition_hash AS hash FROM ${this.schema}.read_models WHERE name = $1 AND version = $2`,
      [name, version],
    );
    if (known && known.hash !== hash)
      throw new ReadModelMismatch(
        name,
        `version ${version} was created with another table: raise the version to ${version + 1}`,
      );
    if (!known)
      await tx.unsafe(`INSERT INTO ${this.schema}.read_models (name, version, definition_hash) VALUES ($1, $2, $3)`, [
        name,
        version,
        hash,
      ]);
    return !known;
  }

  async #create(tx: Tx, model: ReadModel, name: string): Promise<void> {
    await tx.unsafe(`CREATE TABLE ${name} ${model.table.text}`).catch((error: Error) => {
      if (sqlState(error) === undefined) throw error;
      throw new ReadModelMismatch(model.name, `its table could not be created: ${error.message}`, { cause: error });
    });
    await tx.unsafe(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO ${APP_ROLE}`);
    await tx.unsafe(`GRANT SELECT ON ${name} TO ${READ_ROLE}`);
    const [view] = await tx`SELECT to_regclass(${`${this.schema}.${model.name}`}) IS NOT NULL AS there`;
    if (view!.there) return;
    await tx.unsafe(`CREATE VIEW ${this.schema}.${model.name} AS SELECT * FROM ${name}`);
    await tx.unsafe(`GRANT SELECT ON ${this.schema}.${model.name} TO ${APP_ROLE}, ${READ_ROLE}`);
  }

  #table(model: ReadModel): Promise<Table> {
    let table = this.#tables.get(model);
    if (!table) {
      const name = this.#nameOf(model);
      table = translating(() => columnsOf(this.querying.sql, name)).then((columns) => {
        if (columns.some(({ inKey }) => inKey)) return { columns, statements: readModelStatements(name, columns) };
        throw new ReadModelMismatch(model.name, 'its table has no PRIMARY KEY: add one with the properties of the key');
      });
      table.catch(() => this.#tables.delete(model));
      this.#tables.set(model, table);
    }
    return table;
  }

  #nameOf(model: ReadModel): string {
    return `${this.schema}.${model.name}__v${model.version}`;
  }

  async #asking<T>(model: ReadModel, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof LogfoldError || !isDataError(error)) throw translated(error);
      throw new ReadModelMismatch(model.name, `a row does not fit its table: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

async function rowsFrom(
  sql: Tx,
  text: string,
  parameters: readonly (string | number | null)[],
): Promise<readonly object[]> {
  const rows = await sql.unsafe<{ row: object }[]>(text, parameters as never, { prepare: true });
  return rows.map(({ row }) => row);
}
