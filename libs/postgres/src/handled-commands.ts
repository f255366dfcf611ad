import type { HandledCommand, HandledCommands, Rejection } from '@logfold/core';
import { encodeCommands } from './append-encoding.js';
import type { Pool, Tx } from './connection.js';
import { translating } from './errors.js';
import type { Statements } from './statements.js';

interface Row {
  readonly id: string;
  readonly payload_hash: string;
  readonly stream: string;
  readonly version: number;
  readonly events: number;
  readonly rejection: string | null;
  readonly kept: boolean;
}

/** Handled commands as rows of `commands`. Those with events are written by the statement of their append. */
export class PostgresHandledCommands implements HandledCommands<Tx> {
  constructor(
    readonly pool: Pool,
    readonly statements: Statements,
  ) {}

  async find(
    keys: readonly string[],
    { tx }: { readonly tx?: Tx | undefined } = {},
  ): Promise<ReadonlyMap<string, HandledCommand>> {
    const rows = await this.#run<Row>(tx, this.statements.handledCommands, [[...keys]]);
    return new Map(rows.map((row) => [row.id, commandOf(row)]));
  }

  async record(
    commands: readonly HandledCommand[],
    { tx }: { readonly tx?: Tx | undefined } = {},
  ): Promise<ReadonlySet<string>> {
    const rows = await this.#run<{ id: string }>(tx, this.statements.recordCommands, [encodeCommands(commands)]);
    const written = new Set(rows.map(({ id }) => id));
    return new Set(commands.map(({ key }) => key).filter((key) => !written.has(key)));
  }

  async forgetOlder(ageMs: number, limit: number): Promise<number> {
    const rows = await this.#run(undefined, this.statements.forgetOldCommands, [ageMs, limit]);
    return rows.count;
  }

  async forget(tx: Tx, keys: readonly string[]): Promise<void> {
    await this.#run(tx, this.statements.forgetCommands, [[...keys]]);
  }

  #run<Row extends object>(tx: Tx | undefined, text: string, parameters: (string | number | string[])[]) {
    return translating(async () =>
      (tx ?? this.pool.sql).unsafe<Row[]>(text, parameters as string[], { prepare: true }),
    );
  }
}

function commandOf({ id, payload_hash: payloadHash, stream, version, events, rejection, kept }: Row): HandledCommand {
  const command = { key: id, payloadHash, stream, version, events, kept };
  return rejection === null ? command : { ...command, rejection: JSON.parse(rejection) as Rejection };
}
