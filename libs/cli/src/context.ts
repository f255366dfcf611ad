import { randomUUID } from 'node:crypto';
import { LogfoldError, type LogIdentity, type Publisher, type RepairParts } from '@logfold/core';
import { postgresDatabase, type PostgresDatabase } from '@logfold/postgres';

/** Where the command line meets the world. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Ends what would go on: `log tail --follow`. */
  readonly signal?: AbortSignal;
  /** Where a progress bar can be drawn, if anywhere. */
  readonly terminal?: NodeJS.WriteStream;
}

/** The options that every command has. */
export interface GlobalOptions {
  readonly databaseUrl?: string;
  readonly schema: string;
  readonly brokers?: string;
  readonly json?: true;
}

/** What Postgres says of a table that is not there. */
const UNDEFINED_TABLE = '42P01';

/** Something on the command line is missing or cannot be. */
export class InvalidCommandLine extends LogfoldError {
  readonly code = 'invalid-command-line';
}

/** Opens the service's database for one command, which must not migrate it, and closes it. */
export async function withDatabase<T>(
  options: GlobalOptions,
  env: Surroundings['env'],
  work: (database: PostgresDatabase, log: LogIdentity) => Promise<T>,
): Promise<T> {
  const url = options.databaseUrl ?? env['DATABASE_URL'];
  if (!url)
    throw new InvalidCommandLine(
      'No database is given: set DATABASE_URL, or write --database-url postgres://user:secret@host:5432/name',
    );
  const database = postgresDatabase({ service: 'cli', url, schema: options.schema, connections: 1 });
  try {
    return await work(database, await identityOf(database, options));
  } finally {
    await database.close();
  }
}

async function identityOf(database: PostgresDatabase, { schema }: GlobalOptions): Promise<LogIdentity> {
  try {
    return await database.events.identity();
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNDEFINED_TABLE) throw error;
    throw new InvalidCommandLine(`The database holds no log in schema "${schema}": name the service's with --schema`);
  }
}

/** What repairs need: the relay's place for as long as they work. */
export async function repairParts(database: PostgresDatabase, publisher: Publisher): Promise<RepairParts> {
  return {
    database,
    publisher,
    topics: await database.declaredTopics(),
    owner: `cli-${process.pid}-${randomUUID()}`,
    signal: new AbortController().signal,
  };
}

/** A position, or the number of a partition. @throws InvalidCommandLine */
export function wholeNumber(what: string, text: string): bigint {
  if (!/^\d{1,18}$/.test(text))
    throw new InvalidCommandLine(`${what} is ${JSON.stringify(text)}, it must be a whole number`);
  return BigInt(text);
}
