import { WrongExpectedVersion, type ExpectedVersion } from '@logfold/core';
import type { Row } from './row.memory.js';
import type { Stage } from './transactions.memory.js';

/** What a transaction is about to append to one stream. */
export interface StagedStream {
  /** The stream's committed version when the transaction first appended to it. */
  readonly base: number;
  readonly expected: ExpectedVersion;
  readonly rows: Row[];
}

/** What `StagedAppends` needs of the log that it will go into. */
export interface Target {
  version(stream: string): number;
  apply(rows: readonly Row[]): void;
  ended(): void;
}

/** The appends of an open transaction. */
export class StagedAppends implements Stage {
  readonly streams = new Map<string, StagedStream>();
  /** The first position that was drawn; undefined before the first append. */
  lowest: bigint | undefined;
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  check(): void {
    for (const [stream, { base, expected }] of this.streams) {
      const actual = this.#target.version(stream);
      if (actual !== base) throw new WrongExpectedVersion(stream, expected, actual);
    }
  }

  commit(): void {
    this.#target.ended();
    this.#target.apply([...this.streams.values()].flatMap(({ rows }) => rows));
  }

  rollback(): void {
    this.#target.ended();
  }
}
