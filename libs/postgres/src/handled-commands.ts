import type { HandledCommand, HandledCommands, Rejection, SentAt, Transactions } from '@logfold/core';
import { encodeCommands } from './append-encoding.js';
import type { Pool, Tx } from './connection.js';
import { isLockTimeout, translating } from './errors.js';
import type { Statements } from './statements.js';

interface Row {
  readonly id: string;
  readonly payload_hash: string;
  readonly stream: string;
  readonly version: number;
  readonly events: number;
  readonly rejection: string | null;
  readonly subscription: string | null;
  readonly source: string | null;
  readonly partition: number | null;
  readonly position: bigint | null;
}

/** Writers wait for so long at most when commands are settled. */
const HOLD_MS = 100;

/** Handled commands as rows of `commands`. Those with events are written by the statement of their append. */
export class PostgresHandledCommands implements HandledCommands<Tx> {
  constructor(
    readonly pool: Pool,
    readonly transactions: Transactions<Tx>,
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

  async isSettled(sent: SentAt): Promise<boolean> {
    return (await this.#run(undefined, this.statements.settledUpTo, placeOf(sent))).length > 0;
  }

  async forgetOlder(ageMs: number, limit: number): Promise<number> {
    const rows = await this.#run(undefined, this.statements.forgetOldCommands, [ageMs, limit]);
    return rows.count;
  }

  async forgetSettled(upTo: SentAt, limit: number): Promise<number> {
    const place = placeOf(upTo);
    if (!(await this.isSettled(upTo)) && !(await this.#settle(place))) return 0;
    const rows = await this.#run(undefined, this.statements.forgetSettledCommands, [...place, limit]);
    return rows.count;
  }

  /**
   * A statement takes its lock on the table before it takes the snapshot that it reads with. So those that have not seen the
   * position that is written down here have ended, and those that come later see it. @returns false when writers were in the way
   */
  async #settle(place: (string | number)[]): Promise<boolean> {
    try {
      await this.transactions.run(async (tx) => {
        await tx.unsafe(`SET LOCAL lock_timeout = ${HOLD_MS}`);
        await tx.unsafe(this.statements.holdCommands);
        await tx.unsafe(this.statements.settle, place as string[]);
      });
      return true;
    } catch (error) {
      if (error instanceof Error && isLockTimeout(error.cause)) return false;
      throw error;
    }
  }

  #run<Row extends object>(tx: Tx | undefined, text: string, parameters: (string | number | string[])[]) {
    return translating(async () =>
      (tx ?? this.pool.sql).unsafe<Row[]>(text, parameters as string[], { prepare: true }),
    );
  }
}

function placeOf({ subscription, source, partition, position }: SentAt): (string | number)[] {
  return [subscription, source, partition, String(position)];
}

function commandOf({ id, payload_hash: payloadHash, stream, version, events, ...row }: Row): HandledCommand {
  const { rejection, subscription, source, partition, position } = row;
  return {
    key: id,
    payloadHash,
    stream,
    version,
    events,
    ...(rejection === null ? {} : { rejection: JSON.parse(rejection) as Rejection }),
    ...(position === null
      ? {}
      : { sent: { subscription: subscription!, source: source!, partition: partition!, position } }),
  };
}
