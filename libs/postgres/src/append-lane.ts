import { uuidv7, type PreparedAppend } from '@logfold/core';
import { encodeBatch, type AppendedRow } from './append-encoding.js';
import type { Connection } from './connection.js';
import type { Statements } from './statements.js';

/** One connection for appends, used for one batch at a time. */
export class AppendLane {
  constructor(
    readonly connection: Connection,
    readonly statements: Statements,
  ) {}

  /** Stores a batch in one statement and one commit. With `mark` its id goes into `appends` in the same statement. */
  store(appends: readonly PreparedAppend[], mark: string | undefined): Promise<readonly AppendedRow[]> {
    const json = encodeBatch(appends);
    return mark === undefined
      ? this.query<AppendedRow>(this.statements.append, [json])
      : this.query<AppendedRow>(this.statements.appendMarked, [json, mark]);
  }

  /** Runs a prepared statement. @throws DatabaseUnavailable when it is not answered: the outcome is open then. */
  async query<Row extends object>(
    text: string,
    parameters: readonly (string | number | string[])[],
  ): Promise<readonly Row[]> {
    return this.connection.sql.unsafe<Row[]>(text, parameters as string[], { prepare: true });
  }
}

/** A mark for a batch that has to be found again: needed when an append of it expects nothing of its stream. */
export function markFor(appends: readonly PreparedAppend[]): string | undefined {
  return appends.some(({ expected }) => expected === 'any' || expected === 'exists') ? uuidv7() : undefined;
}
