/**
 * How far a rebuild is.
 * `requested`: nobody has begun · `building`: the log is folded into the new table · `attached`: the new table moves with
 * the checkpoint, batch by batch · `verified`, `refused`: it was compared, and is right, or is not · `switched`: queries read
 * it · `rolled-back`: queries read the one before again · `done`: what it replaced is gone · `dropped`, `failed`: the new
 * table is gone, nothing has changed.
 */
export type RebuildState =
  | 'requested'
  | 'building'
  | 'attached'
  | 'verified'
  | 'refused'
  | 'switched'
  | 'rolled-back'
  | 'done'
  | 'dropped'
  | 'failed';

/** What a person may ask of a rebuild; the service does it. */
export type RebuildAction = 'verify' | 'switch' | 'rollback' | 'drop';

/** How a rebuild is to be done. */
export interface RebuildOptions {
  /** Compare every row with an independent fold of the log, not a sample of some thousand. */
  readonly full: boolean;
  /** Switch as soon as it is verified; otherwise when asked. */
  readonly switchWhenVerified: boolean;
  /** Differences from the table before are reported, and do not keep it from being switched on. */
  readonly acceptDifferences: boolean;
}

/** A wish for a rebuild. */
export interface NewRebuild extends RebuildOptions {
  /** The read model's name and version. */
  readonly name: string;
  readonly version: number;
  readonly who: string;
  /** Kept with it for good. */
  readonly why: string;
}

/** How much was done, for people who wait. */
export interface RebuildProgress {
  /** Events that were read, of all types that are asked for. */
  readonly events: number;
  /** The part of the way from the log's beginning, 0 to 1. */
  readonly done: number;
  readonly eventsPerSecond: number;
  /** At the pace so far; absent when nothing is known yet. */
  readonly secondsLeft?: number;
  readonly rows: number;
}

/** A row that is not what it should be: undefined where it is missing. */
export interface RowDifference {
  readonly key: object;
  readonly expected: object | undefined;
  readonly found: object | undefined;
}

/** One comparison of the new table. */
export interface Comparison {
  /** What it was compared with: `a fold of the log`, `the table before`, `version 1`. */
  readonly with: string;
  /** Rows that were compared. */
  readonly rows: number;
  readonly different: number;
  /** Some of those that differ. */
  readonly examples: readonly RowDifference[];
  /** Why less was compared than could have been, in a sentence; undefined when nothing was left out. */
  readonly left?: string;
}

/** What a verification found. */
export interface RebuildReport {
  readonly comparisons: readonly Comparison[];
  /** Why it must not be switched on, in a sentence; undefined when all is right. */
  readonly refused?: string;
}

/** A rebuild of one version of a read model. */
export interface Rebuild extends NewRebuild {
  readonly id: string;
  readonly state: RebuildState;
  /** Rises whenever a process takes it on: what an earlier one still does is void. */
  readonly epoch: number;
  /** What was asked of it and is not done yet. */
  readonly asked?: RebuildAction;
  readonly progress?: RebuildProgress;
  readonly report?: RebuildReport;
  /** Why it failed, or why what was asked could not be done. */
  readonly error?: string;
  readonly requestedAt: Date;
  readonly updatedAt: Date;
}

/** What whoever works on a rebuild writes down. Absent: stays as it is; null: is taken away. */
export interface RebuildChange {
  readonly state?: RebuildState;
  readonly progress?: RebuildProgress;
  readonly report?: RebuildReport;
  readonly error?: string | null;
  /** The question that was answered. */
  readonly answered?: true;
  /** It is not switched on by itself any more: somebody has to ask. */
  readonly switchWhenVerified?: false;
}

/** The states in which a rebuild is over: another one may be requested. */
export const REBUILD_OVER: readonly RebuildState[] = ['done', 'dropped', 'failed'];

/** True when nothing is done with a rebuild until a person asks: it is over, or has come to what was asked of it. */
export function isAtRest({ state, asked, switchWhenVerified }: Rebuild): boolean {
  if (REBUILD_OVER.includes(state)) return true;
  if (asked !== undefined || (state === 'verified' && switchWhenVerified)) return false;
  return ['verified', 'refused', 'switched', 'rolled-back'].includes(state);
}

/** Wishes for rebuilds and what became of them: written by people and services, read by those who run the read model. */
export interface Rebuilds {
  /** @throws RebuildUnderWay while another one of the same version is not over. */
  request(request: NewRebuild): Promise<Rebuild>;
  /** Those that are not over. */
  open(): Promise<readonly Rebuild[]>;
  /** All of them, or those with these ids, the newest first; 1,000 at most. */
  list(ids?: readonly string[]): Promise<readonly Rebuild[]>;
  /** Asks something of a rebuild that is not over; a question before it that is not answered yet is forgotten. */
  ask(id: string, action: RebuildAction, options?: Partial<RebuildOptions>): Promise<void>;
  /** Takes a rebuild on, and voids what others still do with it. Undefined when it is over. */
  claim(id: string): Promise<Rebuild | undefined>;
  /** Writes down how it goes. @throws RebuildOvertaken when another process has claimed it since. */
  update(rebuild: Rebuild, change: RebuildChange): Promise<void>;
}
