import { expect } from '@jest/globals';
import { seeded } from './simulation/random.js';

/** What happens at a crash point, at which of its hits. */
export interface Scenario {
  readonly point: string;
  readonly effect: 'kill' | 'freeze' | 'throw' | 'lose';
  readonly hit: number;
}

export const MINUTE_MS = 60_000;

// LOGFOLD_SWEEP=all runs every scenario, LOGFOLD_SWEEP='relay.after-commit=kill@1,…' those that it names; else a few that
// are drawn by SEED. AT_ONCE: how many run at the same time.
const { LOGFOLD_SWEEP: wanted = '', SEED = String(Date.now() % 1_000_000), AT_ONCE = '3' } = process.env;
export const sweepSeed = Number(SEED);

/** As `relay.mid-send=kill@1`. */
export function nameOf({ point, effect, hit }: Scenario): string {
  return `${point}=${effect}@${hit}`;
}

/**
 * The scenarios that are asked for; of each group one that is drawn, when nothing is.
 * @param groupOf what group a scenario is of
 */
export function chosenScenarios(
  all: readonly Scenario[],
  groupOf: (scenario: Scenario) => string,
): readonly Scenario[] {
  if (wanted === 'all') return all;
  if (wanted) return all.filter((scenario) => wanted.split(',').includes(nameOf(scenario)));
  const random = seeded(sweepSeed);
  return Object.values(Object.groupBy(all, groupOf)).map((some) => some![Math.floor(random() * some!.length)]!);
}

/** What is asked for and is none of these. */
export function unknownScenarios(all: readonly Scenario[]): readonly string[] {
  const names = new Set(['', 'all', ...all.map(nameOf)]);
  return wanted.split(',').filter((name) => !names.has(name));
}

/** Runs scenarios, some at a time, and says of each that fails why. */
export async function sweep(scenarios: readonly Scenario[], run: (scenario: Scenario) => Promise<void>): Promise<void> {
  const left = [...scenarios];
  const failed: string[] = [];
  const work = async (): Promise<void> => {
    for (let scenario = left.shift(); scenario; scenario = left.shift()) {
      const began = performance.now();
      const name = nameOf(scenario);
      const why = await run(scenario).then(
        () => undefined,
        (error: Error) => `${name}: ${error.message}`,
      );
      if (why) failed.push(why);
      if (wanted || why) process.stderr.write(`${why ?? name}, ${Math.round(performance.now() - began)} ms\n`);
    }
  };
  await Promise.all(Array.from({ length: Number(AT_ONCE) }, work));
  expect(failed.join('\n\n')).toBe('');
}
