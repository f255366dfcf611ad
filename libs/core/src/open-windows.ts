/** A window of a derived stream that has not closed. */
export interface OpenWindow {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  /** What the fold of its events came to, as JSON. */
  readonly stateJson: string;
}

/** How far a derived stream has come in the time of its events. */
export interface Watermark {
  /** The latest time seen, in milliseconds since 1970; undefined before the first event. */
  readonly ms: number | undefined;
  /** Events that at least one window could not take, since it was closed. */
  readonly late: number;
}

/** A derived stream as people see it. */
export interface DerivedProgress extends Watermark {
  readonly stream: string;
  /** Windows that are open. */
  readonly open: number;
}

/**
 * The open windows of derived streams, and how far each has come. What is loaded and saved in a transaction is all or
 * nothing with it. Who writes is decided by the checkpoint that the same transaction moves.
 */
export interface OpenWindows<Tx = unknown> {
  /** How far a stream has come, and those of these windows that are open. */
  load(
    tx: Tx,
    stream: string,
    windows: readonly Pick<OpenWindow, 'key' | 'startMs'>[],
  ): Promise<{ readonly watermark: Watermark; readonly open: readonly OpenWindow[] }>;
  /** The open windows that end at or before a time, in the order of their ends, then of their keys by code point; so many at most. */
  ending(tx: Tx, stream: string, byMs: number, limit: number): Promise<readonly OpenWindow[]>;
  /** Keeps how far a stream has come, and these windows, whether they were open or not. */
  save(tx: Tx, stream: string, watermark: Watermark, windows: readonly OpenWindow[]): Promise<void>;
  /** Takes windows away that have closed. */
  remove(tx: Tx, stream: string, windows: readonly Pick<OpenWindow, 'key' | 'startMs'>[]): Promise<void>;
  /** All derived streams that have seen an event, by name. */
  list(): Promise<readonly DerivedProgress[]>;
}
