import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from './support/child.js';
import { allProcessScenarios, runProcessScenario, type ProcessScenario } from './support/processes/scenarios.js';
import { seeded } from './support/simulation/random.js';

// LOGFOLD_SWEEP=all runs every scenario, LOGFOLD_SWEEP='process.after-react=kill@1,…' those that it names; else one
// that stops the process and one that does not are chosen by SEED. AT_ONCE: how many run at the same time.
const { LOGFOLD_SWEEP: wanted = '', SEED = String(Date.now() % 1_000_000), AT_ONCE = '3' } = process.env;
const scenarios = chosen();
const MINUTE_MS = 60_000;

beforeAll(() => build('libs/postgres', 'libs/testing'), MINUTE_MS);

describe('Process managers, timers, derived streams and commands between services, stopped at every point', () => {
  test(
    `have every effect once (${scenarios.length} scenarios, SEED=${SEED})`,
    async () => {
      const left = [...scenarios];
      const failed: string[] = [];
      const work = async (): Promise<void> => {
        for (let scenario = left.shift(); scenario; scenario = left.shift()) {
          const began = performance.now();
          const name = nameOf(scenario);
          const why = await runProcessScenario(scenario, Number(SEED)).then(
            () => undefined,
            (error: Error) => `${name}: ${error.message}`,
          );
          if (why) failed.push(why);
          if (wanted || why) process.stderr.write(`${why ?? name}, ${Math.round(performance.now() - began)} ms\n`);
        }
      };
      await Promise.all(Array.from({ length: Number(AT_ONCE) }, work));
      expect(failed.join('\n\n')).toBe('');
    },
    (3 + scenarios.length) * MINUTE_MS,
  );
});

function nameOf({ point, effect, hit }: ProcessScenario): string {
  return `${point}=${effect}@${hit}`;
}

function chosen(): readonly ProcessScenario[] {
  if (wanted === 'all') return allProcessScenarios;
  const named = allProcessScenarios.filter((scenario) => wanted.split(',').includes(nameOf(scenario)));
  if (wanted) return named;
  const random = seeded(Number(SEED));
  const stopping = ({ effect }: ProcessScenario): boolean => effect === 'kill' || effect === 'freeze';
  return [allProcessScenarios.filter(stopping), allProcessScenarios.filter((one) => !stopping(one))].map(
    (some) => some[Math.floor(random() * some.length)]!,
  );
}
