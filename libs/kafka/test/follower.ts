import { setTimeout as sleep } from 'node:timers/promises';
import {
  isRetryable,
  type Checkpoint,
  type CheckpointReader,
  type Move,
  type Source,
  type SourceBatch,
  type StartFrom,
} from '@logfold/core';

/** Checkpoints as a database keeps them: a move counts only if the checkpoint is still where it was loaded. */
export class CheckpointMap implements CheckpointReader {
  readonly rows = new Map<number, Checkpoint>();
  /** What was handled, by partition, in the order in which it was committed. */
  readonly handled = new Map<number, bigint[]>();
  readonly handledIds: string[] = [];
  loads = 0;
  refused = 0;
  /** How often `first` was asked, and for which partitions. */
  readonly begun: (readonly number[])[] = [];

  async load(
    partitions: readonly number[],
    first: (partitions: readonly number[]) => Promise<ReadonlyMap<number, Checkpoint>>,
  ): Promise<ReadonlyMap<number, Checkpoint>> {
    this.loads++;
    await sleep(Math.random() * 20); // a round trip, in which other things happen
    const missing = partitions.filter((partition) => !this.rows.has(partition));
    if (missing.length > 0) {
      this.begun.push(missing);
      const begun = await first(missing);
      for (const [partition, checkpoint] of begun) if (!this.rows.has(partition)) this.rows.set(partition, checkpoint);
    }
    return new Map(partitions.map((partition) => [partition, this.rows.get(partition)!]));
  }

  /** The transaction of a batch: all of it, or nothing when somebody else moved a checkpoint. */
  commit({ events, moves }: SourceBatch): boolean {
    if (moves.some(({ partition, from }: Move) => this.rows.get(partition)?.position !== from)) {
      this.refused++;
      return false;
    }
    for (const { partition, to } of moves) this.rows.set(partition, to);
    for (const { partition, event } of events) {
      this.handled.set(partition, [...(this.handled.get(partition) ?? []), event.position]);
      this.handledIds.push(event.id);
    }
    return true;
  }

  /** The positions that were handled of a partition. */
  of(partition = 0): number[] {
    return (this.handled.get(partition) ?? []).map(Number);
  }
}

/** One reader of a subscription, as core's loop is one. */
export interface Follower {
  /** Errors that starting again does not end. */
  readonly errors: unknown[];
  /** Those that it may end. */
  readonly interruptions: unknown[];
  readonly batches: SourceBatch[];
  stop(): Promise<void>;
}

/** Reads a source, handles each batch in a transaction, and starts again after an error or a checkpoint that was moved. */
export function follow(
  source: Source,
  checkpoints: CheckpointMap,
  options: {
    readonly subscription?: string;
    readonly from?: StartFrom;
    readonly types?: readonly string[];
    readonly handle?: (batch: SourceBatch) => unknown;
    /** Ends at the first error that is not retryable. */
    readonly once?: boolean;
  } = {},
): Follower {
  const { subscription = 'levels', from = 'beginning', types = ['StockReceived'], handle, once = false } = options;
  const abort = new AbortController();
  const { signal } = abort;
  const errors: unknown[] = [];
  const interruptions: unknown[] = [];
  const batches: SourceBatch[] = [];
  const read = async (): Promise<void> => {
    for await (const batch of source.read({ subscription, types, from, checkpoints, signal })) {
      await handle?.(batch);
      if (!checkpoints.commit(batch)) return;
      batches.push(batch);
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await read();
      } catch (error) {
        (isRetryable(error) ? interruptions : errors).push(error);
        if (once && !isRetryable(error)) return;
      }
      await sleep(20 * Math.random());
    }
  };
  const done = run();
  return {
    errors,
    interruptions,
    batches,
    async stop() {
      abort.abort();
      await done;
    },
  };
}
