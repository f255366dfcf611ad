import type { Clock, PendingTimer, Timer, Timers } from '@logfold/core';
import type { MemoryTx, Stage } from './transactions.memory.js';

interface Entry extends Timer {
  readonly dueAtMs: number;
}

/**
 * Timers in memory. As with SKIP LOCKED in Postgres, what an open transaction takes is left to it by others; a cancel
 * does not wait for it, but finds it gone or still there when it commits.
 */
export class MemoryTimers implements Timers<MemoryTx> {
  readonly #pending = new Map<string, Entry>();
  readonly #taken = new Set<string>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async set(tx: MemoryTx, timers: readonly (Timer & { readonly afterMs: number })[]): Promise<void> {
    const { set } = this.#staged(tx);
    for (const { afterMs, ...timer } of timers) set.set(timer.id, { ...timer, dueAtMs: this.#clock.now() + afterMs });
  }

  async cancel(tx: MemoryTx, ids: readonly string[]): Promise<void> {
    const { set, cancelled } = this.#staged(tx);
    for (const id of ids) if (!set.delete(id)) cancelled.add(id);
  }

  async takeDue(tx: MemoryTx, limit: number): Promise<readonly Timer[]> {
    const { taken } = this.#staged(tx);
    const now = this.#clock.now();
    const due = this.#inOrder()
      .filter(({ id, dueAtMs }) => dueAtMs <= now && !this.#taken.has(id))
      .slice(0, limit);
    for (const { id } of due) {
      taken.add(id);
      this.#taken.add(id);
    }
    return due.map(({ id, stream, name, correlationId }) => ({ id, stream, name, correlationId }));
  }

  async nextInMs(): Promise<number | undefined> {
    const next = this.#inOrder()[0];
    return next && next.dueAtMs - this.#clock.now();
  }

  async list(stream?: string): Promise<readonly PendingTimer[]> {
    return this.#inOrder()
      .filter((timer) => stream === undefined || timer.stream === stream)
      .slice(0, 1_000)
      .map(({ dueAtMs, ...timer }) => ({ ...timer, dueAt: new Date(dueAtMs) }));
  }

  #inOrder(): Entry[] {
    return [...this.#pending.values()].sort((a, b) => a.dueAtMs - b.dueAtMs);
  }

  #staged(tx: MemoryTx): StagedTimers {
    return tx.stage(this, () => new StagedTimers(this.#pending, this.#taken));
  }
}

/** What an open transaction does with timers. */
class StagedTimers implements Stage {
  readonly set = new Map<string, Entry>();
  readonly cancelled = new Set<string>();
  readonly taken = new Set<string>();

  constructor(
    readonly pending: Map<string, Entry>,
    readonly takenByAll: Set<string>,
  ) {}

  /** Who fires a timer that was cancelled meanwhile does what Postgres' lock lets happen: it fired first. */
  check(): void {}

  commit(): void {
    for (const [id, timer] of this.set) this.pending.set(id, timer);
    for (const id of [...this.cancelled, ...this.taken]) this.pending.delete(id);
    this.#release();
  }

  rollback(): void {
    this.#release();
  }

  #release(): void {
    for (const id of this.taken) this.takenByAll.delete(id);
  }
}
