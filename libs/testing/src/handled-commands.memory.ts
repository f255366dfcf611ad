import { IdempotencyKeyTaken, type Clock, type HandledCommand, type HandledCommands } from '@logfold/core';
import type { MemoryTx, Stage } from './transactions.memory.js';

interface Entry {
  readonly command: HandledCommand;
  readonly recordedAtMs: number;
}

/**
 * Handled commands in memory. Of two transactions that write one key, the second to commit fails with
 * IdempotencyKeyTaken; in Postgres it would have waited for the first, and failed then.
 */
export class MemoryHandledCommands implements HandledCommands<MemoryTx> {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async find(
    keys: readonly string[],
    { tx }: { readonly tx?: MemoryTx | undefined } = {},
  ): Promise<ReadonlyMap<string, HandledCommand>> {
    const staged = tx && this.#staged(tx);
    const found = new Map<string, HandledCommand>();
    for (const key of keys) {
      const entry = staged?.written.get(key) ?? (staged?.forgotten.has(key) ? undefined : this.#entries.get(key));
      if (entry) found.set(key, entry.command);
    }
    return found;
  }

  async record(
    commands: readonly HandledCommand[],
    { tx }: { readonly tx?: MemoryTx | undefined } = {},
  ): Promise<ReadonlySet<string>> {
    const taken = new Set(
      (
        await this.find(
          commands.map(({ key }) => key),
          { tx },
        )
      ).keys(),
    );
    const fresh = commands.filter(({ key }) => !taken.has(key));
    if (tx) this.write(tx, fresh);
    else for (const command of fresh) this.#entries.set(command.key, this.#entry(command));
    return taken;
  }

  async forgetOlder(ageMs: number, limit: number): Promise<number> {
    const before = this.#clock.now() - ageMs;
    const old = [...this.#entries.values()].filter(
      ({ command, recordedAtMs }) => !command.kept && recordedAtMs < before,
    );
    const forgotten = old.slice(0, limit);
    for (const { command } of forgotten) this.#entries.delete(command.key);
    return forgotten.length;
  }

  async forget(tx: MemoryTx, keys: readonly string[]): Promise<void> {
    const staged = this.#staged(tx);
    for (const key of keys) {
      staged.written.delete(key);
      staged.forgotten.add(key);
    }
  }

  /** Refuses an append whose commands were handled before. @throws IdempotencyKeyTaken */
  refuseTaken(tx: MemoryTx, keys: readonly string[]): void {
    const staged = this.#staged(tx);
    const taken = keys.filter((key) => staged.written.has(key) || this.#entries.has(key));
    if (taken.length > 0) throw new IdempotencyKeyTaken(taken);
  }

  /** Writes commands in the transaction of their events. */
  write(tx: MemoryTx, commands: readonly HandledCommand[]): void {
    const { written } = this.#staged(tx);
    for (const command of commands) written.set(command.key, this.#entry(command));
  }

  #entry(command: HandledCommand): Entry {
    return { command, recordedAtMs: this.#clock.now() };
  }

  #staged(tx: MemoryTx): StagedCommands {
    return tx.stage(this, () => new StagedCommands(this.#entries));
  }
}

class StagedCommands implements Stage {
  readonly written = new Map<string, Entry>();
  readonly forgotten = new Set<string>();

  constructor(readonly entries: Map<string, Entry>) {}

  check(): void {
    const taken = [...this.written.keys()].filter((key) => this.entries.has(key) && !this.forgotten.has(key));
    if (taken.length > 0) throw new IdempotencyKeyTaken(taken);
  }

  commit(): void {
    for (const key of this.forgotten) this.entries.delete(key);
    for (const [key, entry] of this.written) this.entries.set(key, entry);
  }

  rollback(): void {}
}
