import { IdempotencyKeyTaken, type Clock, type HandledCommand, type HandledCommands, type SentAt } from '@logfold/core';
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
  /** Up to which position commands of a partition are settled. */
  readonly #settled = new Map<string, bigint>();
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
      const entry = staged?.written.get(key) ?? this.#entries.get(key);
      if (entry) found.set(key, entry.command);
    }
    return found;
  }

  async record(
    commands: readonly HandledCommand[],
    { tx }: { readonly tx?: MemoryTx | undefined } = {},
  ): Promise<ReadonlySet<string>> {
    const found = await this.find(
      commands.map(({ key }) => key),
      { tx },
    );
    const taken = new Set([...found.keys(), ...commands.filter((one) => this.#isOver(one)).map(({ key }) => key)]);
    const fresh = commands.filter(({ key }) => !taken.has(key));
    if (tx) this.write(tx, fresh);
    else for (const command of fresh) this.#entries.set(command.key, this.#entry(command));
    return taken;
  }

  async isSettled(sent: SentAt): Promise<boolean> {
    return this.#isOver({ sent });
  }

  async forgetOlder(ageMs: number, limit: number): Promise<number> {
    const before = this.#clock.now() - ageMs;
    const old = [...this.#entries.values()].filter(
      ({ command, recordedAtMs }) => !command.sent && recordedAtMs < before,
    );
    const forgotten = old.slice(0, limit);
    for (const { command } of forgotten) this.#entries.delete(command.key);
    return forgotten.length;
  }

  async forgetSettled(upTo: SentAt, limit: number): Promise<number> {
    const place = placeOf(upTo);
    if (upTo.position > (this.#settled.get(place) ?? -1n)) this.#settled.set(place, upTo.position);
    const settled = [...this.#entries.values()].filter(
      ({ command: { sent } }) => sent && placeOf(sent) === place && sent.position <= upTo.position,
    );
    const forgotten = settled.slice(0, limit);
    for (const { command } of forgotten) this.#entries.delete(command.key);
    return forgotten.length;
  }

  /** Refuses an append whose commands were handled before. @throws IdempotencyKeyTaken */
  refuseTaken(tx: MemoryTx, commands: readonly Pick<HandledCommand, 'key' | 'sent'>[]): void {
    const staged = this.#staged(tx);
    const taken = commands.filter((one) => staged.written.has(one.key) || this.#isTaken(one));
    if (taken.length > 0) throw new IdempotencyKeyTaken(taken.map(({ key }) => key));
  }

  /** Moves the places in a log that are behind a position, as its events were. */
  shift(source: string, shared: bigint, by: bigint): void {
    const moved = (at: SentAt): SentAt =>
      at.source === source && at.position > shared ? { ...at, position: at.position + by } : at;
    for (const [key, { command, recordedAtMs }] of this.#entries)
      if (command.sent) this.#entries.set(key, { command: { ...command, sent: moved(command.sent) }, recordedAtMs });
    for (const [place, position] of this.#settled)
      this.#settled.set(place, moved({ ...(JSON.parse(place) as Omit<SentAt, 'position'>), position }).position);
  }

  /** Writes commands in the transaction of their events. */
  write(tx: MemoryTx, commands: readonly HandledCommand[]): void {
    const { written } = this.#staged(tx);
    for (const command of commands) written.set(command.key, this.#entry(command));
  }

  #isTaken(command: Pick<HandledCommand, 'key' | 'sent'>): boolean {
    return this.#entries.has(command.key) || this.#isOver(command);
  }

  #isOver({ sent }: Pick<HandledCommand, 'sent'>): boolean {
    return sent !== undefined && sent.position <= (this.#settled.get(placeOf(sent)) ?? -1n);
  }

  #entry(command: HandledCommand): Entry {
    return { command, recordedAtMs: this.#clock.now() };
  }

  #staged(tx: MemoryTx): StagedCommands {
    return tx.stage(this, () => new StagedCommands(this.#entries, (command) => this.#isTaken(command)));
  }
}

class StagedCommands implements Stage {
  readonly written = new Map<string, Entry>();

  constructor(
    readonly entries: Map<string, Entry>,
    readonly isTaken: (command: HandledCommand) => boolean,
  ) {}

  check(): void {
    const taken = [...this.written.values()].filter(({ command }) => this.isTaken(command));
    if (taken.length > 0) throw new IdempotencyKeyTaken(taken.map(({ command }) => command.key));
  }

  commit(): void {
    for (const [key, entry] of this.written) this.entries.set(key, entry);
  }

  rollback(): void {}
}

/** A partition that a subscription reads, as text. */
function placeOf({ subscription, source, partition }: SentAt): string {
  return JSON.stringify({ subscription, source, partition });
}
