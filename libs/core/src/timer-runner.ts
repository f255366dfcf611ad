import { systemClock } from './clock.js';
import type { EventStore } from './event-store.js';
import { failpoint } from './failpoint.js';
import { ProcessEvents, timerStream } from './process-events.js';
import { runner, type Runner, type RunnerContext, type RunnerOptions } from './runner.js';
import type { Timers } from './timer.js';
import type { Transactions } from './transactions.js';
import type { WakeUp } from './wake-up.js';

/** The parts of the loop that fires timers. */
export interface TimerRunnerParts<Tx = unknown> {
  readonly timers: Timers<Tx>;
  readonly events: EventStore<Tx>;
  readonly transactions: Transactions<Tx>;
  readonly wakeUp: WakeUp;
}

/** The name of its runner. */
export const TIMERS = 'timers';

/** Timers that are fired in one transaction. */
const TAKEN_AT_ONCE = 200;

/** It looks this often at most, and at least: clocks may jump, and wake-ups are hints. */
const LOOK_EVERY_MS = { least: 20, most: 5_000 };

/**
 * Fires timers: takes those that are due out and appends their messages, in one transaction. Any number of processes
 * may do it at once, without a lease, as each timer is taken by one. Sleeps until the next one is due.
 */
export function timerRunner<Tx>(parts: TimerRunnerParts<Tx>, options: RunnerOptions = {}): Runner {
  return runner(TIMERS, (context) => fireWhenDue(parts, context, options), options);
}

async function fireWhenDue<Tx>(
  parts: TimerRunnerParts<Tx>,
  { signal, progressed }: RunnerContext,
  { clock = systemClock }: RunnerOptions,
): Promise<void> {
  const waiter = {};
  const { least, most } = LOOK_EVERY_MS;
  while (!signal.aborted) {
    const inMs = (await parts.timers.nextInMs()) ?? Infinity;
    if (inMs <= 0 && (await fireDue(parts)) > 0) {
      await failpoint('process.after-timers');
      progressed();
      continue;
    }
    await clock.sleep(least, signal); // a busy log wakes with every commit
    await parts.wakeUp.wait(waiter, Math.min(Math.max(inMs - least, 0), most), signal);
  }
}

/** @returns how many were fired */
function fireDue<Tx>({ timers, events, transactions }: TimerRunnerParts<Tx>): Promise<number> {
  return transactions.run(async (tx) => {
    const due = await timers.takeDue(tx, TAKEN_AT_ONCE);
    await failpoint('process.timer-taken');
    const messages = due.map(({ id, stream, name, correlationId }) => ({
      stream: timerStream(id),
      events: [ProcessEvents['logfold.TimerFired']({ process: stream, timerId: id, name })],
      expected: 'none' as const,
      metadata: { correlationId, causationId: id },
    }));
    await events.appendAll(messages, { tx });
    await failpoint('process.timer-fired');
    return due.length;
  });
}
