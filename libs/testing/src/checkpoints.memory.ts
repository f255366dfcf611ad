import { CheckpointMoved, type Checkpoint, type CheckpointKey, type Checkpoints, type Move } from '@logfold/core';
import type { MemoryTx, Stage } from './transactions.memory.js';

interface Entry {
  readonly key: CheckpointKey;
  readonly partition: number;
  checkpoint: Checkpoint;
  /** Counts the moves: one to where the checkpoint is already must be noticed too. */
  moves: number;
}

interface StagedMove {
  readonly entry: Entry;
  /** Where the checkpoint was, and how many moves it had, when the transaction first moved it. */
  readonly from: bigint;
  readonly movesBefore: number;
  readonly to: Checkpoint;
}

/**
 * Checkpoints in memory. Of two transactions that move the same one, the second to commit fails with CheckpointMoved;
 * in Postgres its `move` would have waited and then judged what the first one left.
 */
export class MemoryCheckpoints implements Checkpoints<MemoryTx> {
  readonly #entries = new Map<string, Entry>();

  async load(key: CheckpointKey, partitions: readonly number[]): Promise<ReadonlyMap<number, Checkpoint>> {
    const found = new Map<number, Checkpoint>();
    for (const partition of partitions) {
      const entry = this.#entries.get(textOf(key, partition));
      if (entry) found.set(partition, entry.checkpoint);
    }
    return found;
  }

  async begin({ subscription, source }: CheckpointKey, checkpoints: ReadonlyMap<number, Checkpoint>): Promise<void> {
    for (const [partition, checkpoint] of checkpoints) {
      const text = textOf({ subscription, source }, partition);
      if (!this.#entries.has(text))
        this.#entries.set(text, {
          key: { subscription, source },
          partition,
          checkpoint: known(checkpoint),
          moves: 0,
        });
    }
  }

  async move(tx: MemoryTx, key: CheckpointKey, moves: readonly Move[]): Promise<boolean> {
    const staged = tx.stage(this, () => new StagedMoves());
    const next = new Map<string, StagedMove>();
    for (const { partition, from, to } of moves) {
      const text = textOf(key, partition);
      const entry = this.#entries.get(text);
      if (!entry) return false;
      const before = staged.moves.get(text);
      const stands = before?.to ?? entry.checkpoint;
      if (stands.position !== from) return false;
      next.set(text, {
        entry,
        from: before?.from ?? from,
        movesBefore: before?.movesBefore ?? entry.moves,
        to: known({ ...to, hint: to.hint ?? stands.hint, logId: to.logId ?? stands.logId }),
      });
    }
    for (const [text, move] of next) staged.moves.set(text, move);
    return true;
  }

  async list(): Promise<readonly (CheckpointKey & Checkpoint & { readonly partition: number })[]> {
    return [...this.#entries.values()].map(({ key, partition, checkpoint }) => ({ ...key, partition, ...checkpoint }));
  }

  /** Moves the checkpoints in a log that are behind a position, as its events were. */
  shift(source: string, shared: bigint, by: bigint): void {
    for (const entry of this.#entries.values())
      if (entry.key.source === source && entry.checkpoint.position > shared) {
        entry.checkpoint = { ...entry.checkpoint, position: entry.checkpoint.position + by };
        entry.moves++;
      }
  }
}

class StagedMoves implements Stage {
  readonly moves = new Map<string, StagedMove>();

  check(): void {
    for (const { entry, from, movesBefore } of this.moves.values())
      if (entry.moves !== movesBefore) throw new CheckpointMoved(entry.key.subscription, from);
  }

  commit(): void {
    for (const { entry, to } of this.moves.values()) {
      entry.checkpoint = to;
      entry.moves++;
    }
  }

  rollback(): void {}
}

/** A checkpoint without the properties that are undefined. */
function known({ position, hint, eventId, logId }: Checkpoint): Checkpoint {
  return {
    position,
    ...(hint === undefined ? {} : { hint }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(logId === undefined ? {} : { logId }),
  };
}

function textOf({ subscription, source }: CheckpointKey, partition: number): string {
  return JSON.stringify([subscription, source, partition]);
}
