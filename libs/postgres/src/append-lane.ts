import { handledBy, uuidv7, type PreparedAppend } from '@logfold/core';
import { encodeBatch, encodeCommands, type AppendedRow } from './append-encoding.js';
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
    const { text, parameters } = appendStatement(this.statements, appends, mark);
    return this.query<AppendedRow>(text, parameters);
  }

  /** Runs a prepared statement. @throws DatabaseUnavailable when it is not answered: the outcome is open then. */
  async query<Row extends object>(
    text: string,
    parameters: readonly (string | number | string[])[],
  ): Promise<readonly Row[]> {
    return this.connection.sql.unsafe<Row[]>(text, parameters as string[], { prepare: true });
  }
}

/** The statement that stores appends, with the commands among them and the batch's mark when there is any. */
export function appendStatement(
  statements: Statements,
  appends: readonly PreparedAppend[],
  mark?: string,
): { readonly text: string; readonly parameters: string[] } {
  const commands = appends.flatMap((append) => handledBy(append, 0)); // the statement adds the version before
  const parameters = [encodeBatch(appends)];
  if (commands.length > 0) parameters.push(encodeCommands(commands));
  if (mark !== undefined) parameters.push(mark);
  const { append, appendMarked, appendCommands, appendCommandsMarked } = statements;
  const [plain, marked] = commands.length > 0 ? [appendCommands, appendCommandsMarked] : [append, appendMarked];
  return { text: mark === undefined ? plain : marked, parameters };
}

/** A mark for a batch that has to be found again: needed when an append of it expects nothing of its stream. */
export function markFor(appends: readonly PreparedAppend[]): string | undefined {
  return appends.some(({ expected }) => expected === 'any' || expected === 'exists') ? uuidv7() : undefined;
}
