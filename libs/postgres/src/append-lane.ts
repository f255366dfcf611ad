import { DatabaseUnavailable, uuidv7, type PreparedAppend } from '@logfold/core';
import { encodeBatch, type AppendedRow } from './append-encoding.js';
import type { Connection } from './connection.js';
import type { Statements } from './statements.js';

/** One connection for appends, used for one batch at a time. */
export class AppendLane {
  /** @param deadlineMs longer than the server's own statement time-out: past it the connection counts as lost. */
  constructor(
    readonly connection: Connection,
    readonly statements: Statements,
    readonly deadlineMs: number,
  ) {}

  /** Stores a batch in one statement and one commit. With `mark` its id goes into `appends` in the same statement. */
  store(appends: readonly PreparedAppend[], mark: string | undefined): Promise<readonly AppendedRow[]> {
    const json = encodeBatch(appends);
    return mark === undefined
      ? this.query<AppendedRow>(this.statements.append, [json])
      : this.query<AppendedRow>(this.statements.appendMarked, [json, mark]);
  }

  /** Runs a prepared statement within the deadline. A connection that misses it is thrown away. */
  async query<Row extends object>(
    text: string,
    parameters: readonly (string | number | string[])[],
  ): Promise<readonly Row[]> {
    const { sql } = this.connection;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new DatabaseUnavailable(`The database did not answer within ${this.deadlineMs} ms`));
        this.connection.discard(sql);
      }, this.deadlineMs);
    });
    try {
      return await Promise.race([sql.unsafe<Row[]>(text, parameters as string[], { prepare: true }), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A mark for a batch that has to be found again: needed when an append of it expects nothing of its stream. */
export function markFor(appends: readonly PreparedAppend[]): string | undefined {
  return appends.some(({ expected }) => expected === 'any' || expected === 'exists') ? uuidv7() : undefined;
}
