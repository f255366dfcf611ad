import { isDeepStrictEqual } from 'node:util';
import { followRebuilds, LogfoldError, readModelStates, type Rebuild, type RebuildState } from '@logfold/core';
import type { PostgresDatabase } from '@logfold/postgres';
import type { GlobalOptions, Surroundings } from './context.js';
import { NoServiceRuns } from './rebuild-choice.js';
import { rebuildDisplay } from './rebuild-display.js';
import { printReport } from './rebuild-report.js';

/** A rebuild did not come to what was asked of it. */
export class RebuildNotDone extends LogfoldError {
  readonly code = 'rebuild-not-done';
}

/** What is waited for, and how. */
export interface Waiting extends GlobalOptions {
  /** The states that were asked for. */
  readonly goal: readonly RebuildState[];
  /** How long no service may run what is waited for. */
  readonly patienceSeconds: number;
}

/**
 * Shows how rebuilds go until each has come to an end, and what was found.
 * @throws RebuildNotDone when it is not the one that was asked for; NoServiceRuns when nobody does the work any more
 */
export async function waitForOutcome(
  io: Surroundings,
  database: PostgresDatabase,
  rebuilds: readonly Rebuild[],
  { goal, patienceSeconds, ...options }: Waiting,
): Promise<void> {
  const last = new Map<string, Rebuild>();
  const display = rebuildDisplay(io, options);
  const ids = rebuilds.map(({ id }) => id);
  const between = whileServed(database, () => [...last.values()], patienceSeconds * 1_000);
  try {
    for await (const rebuild of followRebuilds(database.rebuilds, ids, { between })) {
      last.set(rebuild.id, rebuild);
      display.show(rebuild);
    }
  } finally {
    display.stop();
  }
  const news = [...last.values()].filter(({ id, report }) => {
    const before = rebuilds.find((rebuild) => rebuild.id === id)?.report;
    return !isDeepStrictEqual(report, before);
  });
  if (!options.json) for (const rebuild of news) printReport(io, rebuild);
  const failed = [...last.values()].filter(({ state, error }) => error !== undefined || !goal.includes(state));
  if (failed.length > 0) throw new RebuildNotDone(failed.map(reasonOf).join('; '));
}

/** Fails when no service has run one of the rebuilds for too long; for a moment nobody does when a process is replaced. */
function whileServed(
  database: PostgresDatabase,
  waitedFor: () => readonly Rebuild[],
  patienceMs: number,
): () => Promise<void> {
  let servedAt = performance.now();
  return async () => {
    const states = await readModelStates(database);
    const alone = states.find(
      ({ runBy, rebuild }) => runBy === undefined && rebuild && waitedFor().some(({ id }) => id === rebuild.id),
    );
    if (!alone) servedAt = performance.now();
    else if (performance.now() - servedAt > patienceMs) throw new NoServiceRuns(alone.name, alone.version);
  };
}

function reasonOf({ name, version, state, error, report }: Rebuild): string {
  return `Read model "${name}" version ${version} is ${state}: ${error ?? report?.refused ?? 'something else was asked of it meanwhile'}`;
}
