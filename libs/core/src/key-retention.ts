import { systemClock } from './clock.js';
import type { Database } from './database.js';
import { InvalidDefinition } from './errors.js';
import type { SentAt } from './handled-commands.js';
import { runner, type Runner, type RunnerOptions } from './runner.js';

/** How long idempotency keys are remembered unless told otherwise, in days. */
export const KEY_DAYS = 7;

/** Old keys that are removed by one statement, and how often it is looked for them. */
const BATCH = 1_000;
const EVERY_MS = 3_600_000;

const DAY_MS = 86_400_000;

/** Parked keys that one look shows: where these subscriptions have more, it is not known which commands wait. */
const PARKED_LIMIT = 1_000;

/** Where keys are kept, and what is asked to know which of them may go. */
type Keys = Pick<Database<any>, 'commands' | 'checkpoints' | 'parked'>;

/**
 * Removes idempotency keys of commands, in bounded batches, once an hour: those that are older than so many days, and those
 * of loops when they are settled. Any number of processes may do so at once.
 * @param deciding the subscriptions that have commands decided
 * @throws InvalidDefinition for a time that is none.
 */
export function keyRetention(
  database: Keys,
  days: number,
  deciding: readonly string[],
  options: RunnerOptions = {},
): Runner {
  if (!Number.isFinite(days) || days <= 0)
    throw new InvalidDefinition(`idempotencyKeyDays is ${days}: give a number of days above 0`);
  const { clock = systemClock } = options;
  return runner(
    'idempotency-keys',
    async ({ signal, progressed }) => {
      while (!signal.aborted) {
        const removed = await database.commands.forgetOlder(Math.ceil(days * DAY_MS), BATCH);
        progressed();
        if (removed === BATCH) continue;
        await forgetSettledKeys(database, deciding, signal);
        await clock.sleep(EVERY_MS, signal);
      }
    },
    options,
  );
}

/**
 * Removes the keys of commands that their subscriptions have behind them, but for what is parked. `keyRetention` does it once an
 * hour; for tests, now.
 * @param deciding the names of the subscriptions that have commands decided
 */
export async function forgetSettledKeys(
  database: Keys,
  deciding: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  for (const place of await settledPlaces(database, deciding))
    while (!signal?.aborted && (await database.commands.forgetSettled(place, BATCH)) === BATCH);
}

/**
 * For each partition that these subscriptions read, up to where no event will be brought again: the checkpoint has passed it,
 * and it is not parked. Parked ones are asked for behind the checkpoints: what those have passed is parked by then, or done.
 */
async function settledPlaces({ checkpoints, parked }: Keys, deciding: readonly string[]): Promise<readonly SentAt[]> {
  if (deciding.length === 0) return [];
  const passed = (await checkpoints.list()).filter(({ subscription }) => deciding.includes(subscription));
  const waiting = await parked.list({ subscriptions: deciding });
  if (waiting.length >= PARKED_LIMIT) return [];
  return passed.map(({ subscription, source, partition, position: checkpoint }) => {
    const position = waiting
      .filter((one) => one.subscription === subscription && one.source === source && one.partition === partition)
      .reduce((lowest, one) => (one.position <= lowest ? one.position - 1n : lowest), checkpoint);
    return { subscription, source, partition, position };
  });
}
