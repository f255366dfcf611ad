import { systemClock } from './clock.js';
import { InvalidDefinition } from './errors.js';
import type { HandledCommands } from './handled-commands.js';
import { runner, type Runner, type RunnerOptions } from './runner.js';

/** How long idempotency keys are remembered unless told otherwise, in days. */
export const KEY_DAYS = 7;

/** Old keys that are removed by one statement, and how often it is looked for them. */
const BATCH = 1_000;
const EVERY_MS = 3_600_000;

const DAY_MS = 86_400_000;

/**
 * Removes idempotency keys of commands that are older than so many days, in bounded batches, once an hour; keys that are
 * kept stay. Any number of processes may do so at once.
 * @throws InvalidDefinition for a time that is none.
 */
export function keyRetention(commands: HandledCommands<any>, days: number, options: RunnerOptions = {}): Runner {
  if (!Number.isFinite(days) || days <= 0)
    throw new InvalidDefinition(`idempotencyKeyDays is ${days}: give a number of days above 0`);
  const { clock = systemClock } = options;
  return runner(
    'idempotency-keys',
    async ({ signal, progressed }) => {
      while (!signal.aborted) {
        const removed = await commands.forgetOlder(Math.ceil(days * DAY_MS), BATCH);
        progressed();
        if (removed < BATCH) await clock.sleep(EVERY_MS, signal);
      }
    },
    options,
  );
}
