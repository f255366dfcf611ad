import {
  failpoint,
  LogfoldError,
  ReadModelMismatch,
  tablesOf,
  type AnyReadModel,
  type ReadModel,
  type Rebuild,
  type RebuildState,
  type RebuildStep,
  type RebuildTables,
  type TablesView,
  type VersionName,
} from '@logfold/core';
import type { Tx } from './connection.js';
import { copyInto } from './copy.js';
import { copyLines } from './copied-rows.js';
import { isDataError, sqlState, translating } from './errors.js';
import { createTables, dropTables } from './read-model-ddl.js';
import { requireColumns } from './read-model-columns.js';
import { quoted } from './read-model-statements.js';
import { tableName } from './read-model-table-name.js';
import type { PostgresReadModelTables } from './read-model-tables.js';
import { guarded } from './rebuild-guard.js';
import { takeStep } from './rebuild-steps.js';
import { TablesAtOneMoment } from './rebuild-view.js';
import { OWNER_ROLE } from './roles.js';
import type { PostgresTransactions } from './transactions.js';

/** Rows of one transaction: it must end well within the time of a statement. */
const CHUNK = 10_000;

/** An open transaction that does nothing for ten seconds is ended by the server; a verification may compute for longer. */
const PING_MS = 2_000;

/** The states in which something may be made of the events of the log. */
const WORKED_ON: readonly RebuildState[] = ['building', 'attached', 'verified', 'refused', 'switched', 'rolled-back'];

/** The tables of rebuilds: `name__vN_new` beside `name__vN`, filled by COPY, and switched on by two renames. */
export class PostgresRebuildTables implements RebuildTables<Tx> {
  /**
   * @param owner creates, renames and drops tables
   * @param working for statements that may take minutes
   */
  constructor(
    readonly tables: PostgresReadModelTables,
    readonly owner: PostgresTransactions,
    readonly working: PostgresTransactions,
    readonly schema: string,
  ) {}

  async create(rebuild: Rebuild, model: AnyReadModel, table: 'new' | 'check' = 'new'): Promise<void> {
    const parts = tablesOf(model).map(([part]) => part);
    await this.owner.run(async (tx) => {
      await tx.unsafe(`SET LOCAL ROLE ${OWNER_ROLE}`);
      await guarded(tx, this.schema, rebuild, table === 'new' ? ['building'] : WORKED_ON);
      await dropTables(tx, this.schema, { ...model, parts }, table);
      await createTables(tx, this.schema, model, table);
    });
    if (model.kind === 'read model') await this.tables.checkKey(model);
  }

  within<T>(rebuild: Rebuild, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.working.run(async (tx) => {
      await guarded(tx, this.schema, rebuild, WORKED_ON);
      const result = await work(tx);
      await failpoint('rebuild.mid-copy');
      return result;
    });
  }

  async load(_rebuild: Rebuild, model: ReadModel, keys: readonly object[]): Promise<readonly object[]> {
    const found: object[] = [];
    for (let start = 0; start < keys.length; start += CHUNK) {
      const some = keys.slice(start, start + CHUNK);
      found.push(...(await this.working.run((tx) => this.tables.load(tx, model, some, 'new'))));
    }
    return found;
  }

  async put(
    rebuild: Rebuild,
    model: ReadModel,
    { rows, deleted, fresh }: { rows: readonly object[]; deleted: readonly object[]; fresh: boolean },
  ): Promise<void> {
    for (let start = 0; start < Math.max(rows.length, deleted.length); start += CHUNK) {
      const some = rows.slice(start, start + CHUNK);
      const gone = deleted.slice(start, start + CHUNK);
      await this.working.run(async (tx) => {
        await guarded(tx, this.schema, rebuild, ['building']);
        if (fresh) await this.#insert(tx, model, some);
        else await this.tables.write(tx, model, some, gone, 'new');
        await failpoint('rebuild.mid-copy');
      });
    }
  }

  async attach(tx: Tx, rebuild: Rebuild, { name, version }: AnyReadModel): Promise<void> {
    await translating(async () => {
      await guarded(tx, this.schema, rebuild, ['building']);
      await tx.unsafe(
        `UPDATE ${this.schema}.read_models SET fed = fed || '{new}' WHERE name = $1 AND version = $2 AND NOT 'new' = ANY(fed)`,
        [name, version],
      );
      await tx.unsafe(`UPDATE ${this.schema}.rebuilds SET state = 'attached' WHERE id = $1::uuid`, [rebuild.id]);
    });
  }

  async examine<T>(model: AnyReadModel, work: (view: TablesView) => Promise<T>): Promise<T> {
    const layout = model.kind === 'read model' ? await this.tables.layout(model) : undefined;
    return this.working.run(async (tx) => {
      await tx.unsafe('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const pinging = setInterval(() => void ping(tx), PING_MS);
      try {
        return await work(
          new TablesAtOneMoment(tx, this.schema, model, layout?.columns ?? [], layout?.statements.get('new')),
        );
      } finally {
        clearInterval(pinging);
      }
    });
  }

  async step(rebuild: Rebuild, model: VersionName, step: RebuildStep): Promise<void> {
    await this.owner.run((tx) => takeStep(tx, this.schema, rebuild, model, step));
  }

  /** Rows that are all new. */
  async #insert(tx: Tx, model: ReadModel, rows: readonly object[]): Promise<void> {
    const { columns } = await this.tables.layout(model);
    for (const row of rows) requireColumns(model, columns, row);
    const lines = copyLines(columns, rows);
    if (!lines) return this.tables.write(tx, model, rows, [], 'new');
    try {
      const names = columns.map(({ name }) => quoted(name)).join(', ');
      await copyInto(tx, `${tableName(this.schema, model, 'new')} (${names})`, lines);
    } catch (error) {
      if (error instanceof LogfoldError || !(isDataError(error) || sqlState(error) === '23505')) throw error;
      throw new ReadModelMismatch(model.name, `a row does not fit its table: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** Whether the transaction is still there, its work will hear. */
async function ping(tx: Tx): Promise<void> {
  try {
    await tx.unsafe('SELECT 1');
  } catch {
    return;
  }
}
