import { createHash } from 'node:crypto';
import {
  LogfoldError,
  probeKey,
  ReadModelBuilding,
  ReadModelMismatch,
  registryOf,
  tablesOf,
  type AnyReadModel,
  type ReadModel,
  type ReadModelTable,
  type ReadModelTables,
  type ReadModelVersion,
  type Rows,
  type SqlReadModel,
} from '@logfold/core';
import type { Pool, Tx } from './connection.js';
import { isDataError, sqlState, translated, translating } from './errors.js';
import { columnsOf, requireColumns, requireKey, type Column } from './read-model-columns.js';
import { readModelStatements, type ReadModelStatements } from './read-model-statements.js';
import { createTables, createViews } from './read-model-ddl.js';
import { tableName } from './read-model-table-name.js';
import { OWNER_ROLE } from './roles.js';
import type { PostgresTransactions } from './transactions.js';

const TABLES: readonly ReadModelTable[] = ['live', 'new', 'old', 'check'];

const UNDEFINED_TABLE = '42P01';

const PAGE = 100;
const LARGEST_PAGE = 1_000;

/** What queries and writes of one version need to know. */
interface Layout {
  readonly columns: readonly Column[];
  readonly statements: ReadonlyMap<ReadModelTable, ReadModelStatements>;
}

/** Read models as tables `name__vN` in the service's schema; the view `name` is for people and other tools. */
export class PostgresReadModelTables implements ReadModelTables<Tx> {
  readonly #layouts = new Map<ReadModel, Promise<Layout>>();

  /** @param owner creates tables; @param querying answers queries. */
  constructor(
    readonly owner: PostgresTransactions,
    readonly querying: Pool,
    readonly schema: string,
  ) {}

  async prepare(
    model: AnyReadModel,
    { create = true, show = false }: { readonly create?: boolean; readonly show?: boolean } = {},
  ): Promise<void> {
    const name = tableName(this.schema, model);
    const isLive = await this.owner.run(async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
      await tx.unsafe(`SET LOCAL ROLE ${OWNER_ROLE}`);
      const fed = await this.#register(tx, model);
      if (!create || fed.length > 0) return fed.includes('live');
      await createTables(tx, this.schema, model, 'live');
      if (show)
        await tx.unsafe(`UPDATE ${this.schema}.read_models SET current = false WHERE name = $1 AND version < $2`, [
          model.name,
          model.version,
        ]);
      const [current] = await tx.unsafe(
        `UPDATE ${this.schema}.read_models m SET fed = '{live}', current = NOT EXISTS
           (SELECT FROM ${this.schema}.read_models o WHERE o.name = m.name AND o.current AND o.version <> m.version)
          WHERE name = $1 AND version = $2 RETURNING current`,
        [model.name, model.version],
      );
      if (current!['current']) await createViews(tx, this.schema, { ...model, parts: partsOf(model) });
      return true;
    });
    if (isLive && model.kind === 'read model') await this.checkKey(model);
  }

  async versions(name?: string): Promise<readonly ReadModelVersion[]> {
    const rows = await translating(() =>
      this.querying.sql.unsafe<(Omit<ReadModelVersion, 'fed'> & { fed: string })[]>(
        `SELECT name, version, array_to_string(fed, ',') AS fed, current FROM ${this.schema}.read_models
          WHERE name = coalesce($1, name) ORDER BY name COLLATE "C", version`,
        [name ?? null],
      ),
    );
    return rows.map(({ fed, ...rest }) => ({ ...rest, fed: fedOf(fed) }));
  }

  async fed(tx: Tx, { name, version }: AnyReadModel): Promise<readonly ReadModelTable[]> {
    const [row] = await translating(() =>
      tx.unsafe<{ fed: string }[]>(
        `SELECT array_to_string(fed, ',') AS fed FROM ${this.schema}.read_models WHERE name = $1 AND version = $2`,
        [name, version],
        { prepare: true },
      ),
    );
    return fedOf(row?.fed ?? '');
  }

  async isCurrent(tx: Tx, { name, version }: ReadModel): Promise<boolean> {
    const [row] = await translating(() =>
      tx.unsafe<{ current: boolean }[]>(
        `SELECT current FROM ${this.schema}.read_models WHERE name = $1 AND version = $2`,
        [name, version],
        { prepare: true },
      ),
    );
    return row?.current ?? false;
  }

  async takeNoted(tx: Tx, { name, version }: ReadModel, limit: number): Promise<readonly object[]> {
    const rows = await translating(() =>
      tx.unsafe<{ key: object }[]>(
        `DELETE FROM ${this.schema}.state_noted WHERE id IN (SELECT id FROM ${this.schema}.state_noted WHERE name = $1
            AND EXISTS (SELECT FROM ${this.schema}.read_models WHERE name = $1 AND version = $2 AND current) ORDER BY id LIMIT $3)
         RETURNING key`,
        [name, version, limit],
        { prepare: true },
      ),
    );
    return rows.map(({ key }) => key);
  }

  async load(
    tx: Tx,
    model: ReadModel,
    keys: readonly object[],
    table: ReadModelTable = 'live',
  ): Promise<readonly object[]> {
    if (keys.length === 0) return [];
    const { columns, statements } = await this.layout(model);
    requireKey(model, columns, keys[0]!);
    return this.#asking(model, () => rowsFrom(tx, statements.get(table)!.load, [JSON.stringify(keys)]));
  }

  async write(
    tx: Tx,
    model: ReadModel,
    rows: readonly object[],
    deleted: readonly object[],
    table: ReadModelTable = 'live',
  ): Promise<void> {
    const { columns, statements } = await this.layout(model);
    const { upsert, delete: remove } = statements.get(table)!;
    for (const row of rows) requireColumns(model, columns, row);
    await this.#asking(model, async () => {
      if (deleted.length > 0) await tx.unsafe(remove, [JSON.stringify(deleted)], { prepare: true });
      if (rows.length > 0) await tx.unsafe(upsert, [JSON.stringify(rows)], { prepare: true });
    });
  }

  async stored(model: ReadModel, rows: readonly object[]): Promise<readonly object[]> {
    if (rows.length === 0) return [];
    const { columns, statements } = await this.layout(model);
    for (const row of rows) requireColumns(model, columns, row);
    const { stored } = statements.get('live')!;
    return this.#asking(model, () => rowsFrom(this.querying.sql, stored, [JSON.stringify(rows)]));
  }

  names<Tables extends string>(
    model: SqlReadModel<Tables>,
    table: ReadModelTable = 'live',
  ): Readonly<Record<Tables, string>> {
    const names = partsOf(model).map((part) => [part, tableName(this.schema, model, table, part)]);
    return Object.fromEntries(names) as Record<Tables, string>;
  }

  rows<Row extends object, Key extends object>(model: ReadModel<Row, Key>): Rows<Row, Key> {
    return {
      table: tableName(this.schema, model),
      find: async (key) => {
        const { columns, statements } = await this.layout(model);
        requireKey(model, columns, key);
        const [row] = await this.#asking(model, () =>
          rowsFrom(this.querying.sql, statements.get('live')!.load, [JSON.stringify([key])]),
        );
        return row as Row | undefined;
      },
      findMany: async (where = {}, { limit = PAGE, after } = {}) => {
        const { columns, statements } = await this.layout(model);
        requireColumns(model, columns, where);
        if (after) requireKey(model, columns, after);
        const conditions = columns
          .filter(({ property }) => (where as Record<string, unknown>)[property] !== undefined)
          .map((column) => ({ column, isNull: (where as Record<string, unknown>)[column.property] === null }));
        const text = statements.get('live')!.find(conditions, after !== undefined);
        const size = Math.min(Math.max(1, limit), LARGEST_PAGE);
        const parameters = [JSON.stringify(where), after ? JSON.stringify(after) : null, size];
        return (await this.#asking(model, () => rowsFrom(this.querying.sql, text, parameters))) as readonly Row[];
      },
    };
  }

  /** The columns, read from whichever of the tables is there. @throws ReadModelBuilding when none is. */
  layout(model: ReadModel): Promise<Layout> {
    let layout = this.#layouts.get(model);
    if (!layout) {
      layout = translating(() => this.#readLayout(model));
      layout.catch(() => this.#layouts.delete(model));
      this.#layouts.set(model, layout);
    }
    return layout;
  }

  /** @throws ReadModelMismatch when the definition's key is not the PRIMARY KEY, as far as the definition alone tells. */
  async checkKey(model: ReadModel): Promise<void> {
    const { columns } = await this.layout(model);
    const key = probeKey(model);
    if (key) requireKey(model, columns, Object.fromEntries(key.map((property) => [property, null])));
  }

  async #readLayout(model: ReadModel): Promise<Layout> {
    const names = TABLES.map((table) => tableName(this.schema, model, table));
    const rows = await this.querying.sql.unsafe<{ name: string }[]>(
      'SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS t(name, n) WHERE to_regclass(name) IS NOT NULL ORDER BY n LIMIT 1',
      [names],
    );
    if (rows.length === 0) throw new ReadModelBuilding(model.name, model.version);
    const columns = await columnsOf(this.querying.sql, rows[0]!.name);
    const statements = TABLES.map((table, index) => [table, readModelStatements(names[index]!, columns)] as const);
    return { columns, statements: new Map(statements) };
  }

  /** The tables that the version has. @throws ReadModelMismatch when it was created from another definition. */
  async #register(tx: Tx, model: AnyReadModel): Promise<readonly ReadModelTable[]> {
    const { name, version } = model;
    const state = model.kind === 'read model' && model.publish ? registryOf(model.publish).name : null;
    const texts = tablesOf(model).map(([, { text }]) => text.replace(/\s+/g, ' ').trim());
    if (state !== null) texts.push(`publish ${state}`);
    const hash = createHash('sha256').update(texts.join(';')).digest('hex');
    const [known] = await tx.unsafe<{ hash: string; fed: string }[]>(
      `SELECT definition_hash AS hash, array_to_string(fed, ',') AS fed FROM ${this.schema}.read_models WHERE name = $1 AND version = $2`,
      [name, version],
    );
    if (known && known.hash !== hash)
      throw new ReadModelMismatch(
        name,
        `version ${version} was created with another table, or another "publish": raise the version to ${version + 1}`,
      );
    if (!known)
      await tx.unsafe(
        `INSERT INTO ${this.schema}.read_models (name, version, definition_hash, fed, parts, state) VALUES ($1, $2, $3, '{}', $4::text[], $5)`,
        [name, version, hash, partsOf(model), state],
      );
    return fedOf(known?.fed ?? '');
  }

  async #asking<T>(model: ReadModel, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (sqlState(error) === UNDEFINED_TABLE) throw new ReadModelBuilding(model.name, model.version);
      if (error instanceof LogfoldError || !isDataError(error)) throw translated(error);
      throw new ReadModelMismatch(model.name, `a row does not fit its table: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

function partsOf(model: AnyReadModel): string[] {
  return tablesOf(model).map(([part]) => part);
}

function fedOf(text: string): readonly ReadModelTable[] {
  const names = text.split(',');
  return TABLES.filter((table) => names.includes(table));
}

async function rowsFrom(
  sql: Tx,
  text: string,
  parameters: readonly (string | number | null)[],
): Promise<readonly object[]> {
  const rows = await sql.unsafe<{ row: object }[]>(text, parameters as never, { prepare: true });
  return rows.map(({ row }) => row);
}
