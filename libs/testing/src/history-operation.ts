import type { ExpectedVersion } from '@logfold/core';

/** When it is: an operation begins, and ends well, in vain, or nobody knows how. One of one process at a time. */
export type OperationType = 'invoke' | 'ok' | 'fail' | 'info';

/** An append: it ends `ok` when it was acknowledged, `fail` when it was refused, `info` when its outcome is unknown. */
export interface AppendOperation {
  readonly process: string;
  readonly op: 'append';
  readonly type: OperationType;
  readonly stream: string;
  /** Its events, in order: the ids that the log gave them, or those that the writer chose (`LoggedEvent.chosenId`). */
  readonly ids: readonly string[];
  readonly expected: ExpectedVersion;
  /** What was answered. */
  readonly version?: number;
  readonly position?: bigint;
}

/** Records that were handed to a reader, in the order of one partition; only `ok` counts. */
export interface PollOperation {
  readonly process: string;
  readonly op: 'poll';
  readonly type: OperationType;
  readonly subscription: string;
  readonly topic: string;
  readonly partition: number;
  /** Starts anew: the reader was given the partition, and read from its checkpoint. */
  readonly assigned?: boolean;
  readonly records: readonly PolledRecord[];
}

export interface PolledRecord {
  readonly id: string;
  readonly position: bigint;
  readonly offset?: bigint;
}

/** What is of interest for people only, such as a fault that was switched on. */
export interface OtherOperation {
  readonly process: string;
  readonly op: 'publish' | 'fault';
  readonly type: OperationType;
  readonly about?: string;
}

/** One line of a history. */
export type Operation = AppendOperation | PollOperation | OtherOperation;

/** Fields that hold positions or offsets; JSON has them as text. */
const whole = new Set(['position', 'offset']);

/** A line of NDJSON for an operation, with its line break. */
export function historyLine(operation: Operation): string {
  const text = JSON.stringify(operation, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return `${text}\n`;
}

/** The operations of an NDJSON text; an unfinished last line, as a killed process leaves it, is left out. */
export function readHistory(ndjson: string): Operation[] {
  const lines = ndjson.slice(0, ndjson.lastIndexOf('\n') + 1).split('\n');
  return lines
    .filter((line) => line !== '')
    .map(
      (line) =>
        JSON.parse(line, (name, value: unknown) =>
          whole.has(name) && typeof value === 'string' ? BigInt(value) : value,
        ) as Operation,
    );
}
