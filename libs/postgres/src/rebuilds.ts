import {
  RebuildOvertaken,
  RebuildUnderWay,
  uuidv7,
  type NewRebuild,
  type Rebuild,
  type RebuildAction,
  type RebuildChange,
  type RebuildOptions,
  type Rebuilds,
} from '@logfold/core';
import type { Pool } from './connection.js';
import { isDuplicate, translated, translating } from './errors.js';
import type { PostgresTransactions } from './transactions.js';

const LISTED = 1_000;

/** Rebuilds as rows; each change names the epoch that its writer has claimed. */
export class PostgresRebuilds implements Rebuilds {
  readonly #statements: ReturnType<typeof statementsFor>;

  /** @param working for what waits for a builder's transaction, so that no query waits behind it */
  constructor(
    readonly pool: Pool,
    readonly working: PostgresTransactions,
    schema: string,
  ) {
    this.#statements = statementsFor(schema);
  }

  async request(request: NewRebuild): Promise<Rebuild> {
    const { name, version, who, why, full, switchWhenVerified, acceptDifferences } = request;
    const parameters = [uuidv7(), name, version, full, switchWhenVerified, acceptDifferences, who, why];
    try {
      const [row] = await this.pool.sql.unsafe<RebuildRow[]>(this.#statements.request, parameters);
      return rebuildOf(row!);
    } catch (error) {
      if (!isDuplicate(error)) throw translated(error);
      const other = (await this.open()).find((each) => each.name === name && each.version === version);
      throw new RebuildUnderWay(name, version, other?.state ?? 'about to end');
    }
  }

  async open(): Promise<readonly Rebuild[]> {
    return this.#rows(this.#statements.open);
  }

  async list(ids?: readonly string[]): Promise<readonly Rebuild[]> {
    return this.#rows(this.#statements.list, [ids ? JSON.stringify(ids) : null]);
  }

  async ask(id: string, action: RebuildAction, options: Partial<RebuildOptions> = {}): Promise<void> {
    const { full = null, switchWhenVerified = null, acceptDifferences = null } = options;
    await this.#rows(this.#statements.ask, [id, action, full, switchWhenVerified, acceptDifferences]);
  }

  async claim(id: string): Promise<Rebuild | undefined> {
    const [claimed] = await this.#work(this.#statements.claim, [id]);
    return claimed;
  }

  async update(rebuild: Rebuild, change: RebuildChange): Promise<void> {
    const { state, progress, report, error, answered, switchWhenVerified } = change;
    const rows = await this.#work(this.#statements.update, [
      rebuild.id,
      rebuild.epoch,
      state ?? null,
      progress ? JSON.stringify(progress) : null,
      report ? JSON.stringify(report) : null,
      error ?? null,
      error === null,
      answered === true,
      switchWhenVerified === false,
    ]);
    if (rows.length === 0) throw new RebuildOvertaken(rebuild.name);
  }

  async #rows(statement: string, parameters: Parameters = []): Promise<Rebuild[]> {
    const rows = await translating(() => this.pool.sql.unsafe<RebuildRow[]>(statement, parameters as never));
    return rows.map(rebuildOf);
  }

  async #work(statement: string, parameters: Parameters): Promise<Rebuild[]> {
    const rows = await this.working.run((tx) => tx.unsafe<RebuildRow[]>(statement, parameters as never));
    return rows.map(rebuildOf);
  }
}

type Parameters = readonly (string | number | boolean | null)[];

interface RebuildRow extends Omit<Rebuild, 'asked' | 'progress' | 'report' | 'error'> {
  readonly asked: Rebuild['asked'] | null;
  readonly progress: Rebuild['progress'] | null;
  readonly report: Rebuild['report'] | null;
  readonly error: string | null;
}

function rebuildOf({ asked, progress, report, error, ...rest }: RebuildRow): Rebuild {
  return {
    ...rest,
    ...(asked ? { asked } : {}),
    ...(progress ? { progress } : {}),
    ...(report ? { report } : {}),
    ...(error === null ? {} : { error }),
  };
}

function statementsFor(schema: string) {
  const columns = `id, name, version, state, epoch, asked, compare_all AS full, switch_when_verified AS "switchWhenVerified",
    accept_differences AS "acceptDifferences", who, why, progress, report, error, requested_at AS "requestedAt", updated_at AS "updatedAt"`;
  const over = `('done', 'dropped', 'failed')`;
  return {
    request: `
INSERT INTO ${schema}.rebuilds (id, name, version, compare_all, switch_when_verified, accept_differences, who, why)
VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8) RETURNING ${columns}`,
    open: `SELECT ${columns} FROM ${schema}.rebuilds WHERE state NOT IN ${over}`,
    list: `
SELECT ${columns} FROM ${schema}.rebuilds
 WHERE $1::text IS NULL OR id::text IN (SELECT jsonb_array_elements_text($1::text::jsonb)) ORDER BY requested_at DESC, id DESC LIMIT ${LISTED}`,
    ask: `
UPDATE ${schema}.rebuilds
   SET asked = $2, compare_all = coalesce($3, compare_all), switch_when_verified = coalesce($4, switch_when_verified),
       accept_differences = coalesce($5, accept_differences), updated_at = clock_timestamp()
 WHERE id = $1::uuid AND state NOT IN ${over} RETURNING ${columns}`,
    claim: `
UPDATE ${schema}.rebuilds SET epoch = epoch + 1, updated_at = clock_timestamp()
 WHERE id = $1::uuid AND state NOT IN ${over} RETURNING ${columns}`,
    /** $3: state, $4: progress, $5: report, $6: error, each NULL to leave it; $7: no error any more; $8: what was asked is done; $9: no switch unasked. */
    update: `
UPDATE ${schema}.rebuilds
   SET state = coalesce($3, state), progress = coalesce($4::text::jsonb, progress), report = coalesce($5::text::jsonb, report),
       error = CASE WHEN $7 THEN NULL ELSE coalesce($6, error) END, asked = CASE WHEN $8 THEN NULL ELSE asked END,
       switch_when_verified = switch_when_verified AND NOT $9::boolean,
       updated_at = clock_timestamp()
 WHERE id = $1::uuid AND epoch = $2 RETURNING ${columns}`,
  };
}
