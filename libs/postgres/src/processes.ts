import type { Pool } from './connection.js';
import { translating } from './errors.js';

/** An instance of a process manager as people see it. */
export interface ListedProcess {
  readonly process: string;
  readonly stream: string;
  readonly state: 'open' | 'completed';
  readonly startedAt: Date;
  readonly lastAt: Date;
  /** How many events its stream holds: inputs and effects. */
  readonly events: number;
}

/** The instances of process managers in a log, for people: told from the log alone, without the service's code. */
export class PostgresProcesses {
  constructor(
    readonly pool: Pool,
    readonly schema: string,
  ) {}

  /** Those that were started last, 1,000 at most; all, or those of one process manager, or those in one state. */
  async list({ process, state }: Partial<Pick<ListedProcess, 'process' | 'state'>> = {}): Promise<ListedProcess[]> {
    const rows = await translating(() =>
      this.pool.sql.unsafe<ListedProcess[]>(
        `
SELECT * FROM (
  SELECT split_part(first.stream, '-', 1) AS process, first.stream,
         CASE last.type WHEN 'logfold.ProcessCompleted' THEN 'completed' ELSE 'open' END AS state,
         first.recorded_at AS "startedAt", last.recorded_at AS "lastAt", last.version AS events
    FROM ${this.schema}.events first
   CROSS JOIN LATERAL (SELECT type, version, recorded_at FROM ${this.schema}.events
                        WHERE stream = first.stream ORDER BY version DESC LIMIT 1) AS last
   WHERE first.type = 'logfold.EventReceived' AND first.version = 1
   ORDER BY first.position DESC) AS instances
 WHERE ($1::text IS NULL OR process = $1) AND ($2::text IS NULL OR state = $2) LIMIT 1000`,
        [process ?? null, state ?? null],
      ),
    );
    return [...rows];
  }
}
