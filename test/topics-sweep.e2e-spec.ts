import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from './support/child.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';
import { seeded } from './support/simulation/random.js';
import { allProcessScenarios } from './support/processes/scenarios.js';
import { allScenarios, nameOf, runScenario, type Scenario } from './support/topics/scenarios.js';

// LOGFOLD_SWEEP=all runs every scenario, LOGFOLD_SWEEP='relay.after-commit=kill@1,…' those that it names; else one of
// each crash point is chosen by SEED. AT_ONCE: how many run at the same time.
const { LOGFOLD_SWEEP: wanted = '', SEED = String(Date.now() % 1_000_000), AT_ONCE = '3' } = process.env;
const scenarios = chosen();
const MINUTE_MS = 60_000;
let brokers: readonly string[];

beforeAll(async () => {
  build('libs/kafka', 'libs/postgres', 'libs/testing');
  ({ brokers } = await testKafka(1));
}, testKafkaTimeoutMs);

describe('Relay and subscriptions, stopped at every point', () => {
  test(
    `have nothing lost, doubled or out of order (${scenarios.length} scenarios, SEED=${SEED})`,
    async () => {
      const left = [...scenarios];
      const failed: string[] = [];
      const work = async (): Promise<void> => {
        for (let scenario = left.shift(); scenario; scenario = left.shift()) {
          const began = performance.now();
          const name = nameOf(scenario);
          const why = await runScenario(brokers, scenario).catch((error: Error) => `${name}: ${error.message}`);
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

function chosen(): readonly Scenario[] {
  if (wanted === 'all') return allScenarios;
  if (wanted) {
    const names = new Set(
      [...allScenarios, ...allProcessScenarios].map(({ point, effect, hit }) => `${point}=${effect}@${hit}`),
    );
    const unknown = wanted.split(',').filter((name) => !names.has(name) && !name.startsWith('rebuild.'));
    if (unknown.length > 0)
      throw new Error(`There is no scenario ${unknown.join(', ')}: name one as relay.mid-send=kill@1, or none for all`);
    return allScenarios.filter((scenario) => wanted.split(',').includes(nameOf(scenario)));
  }
  const random = seeded(Number(SEED));
  return Object.values(Object.groupBy(allScenarios, ({ point }) => point)).map(
    (ofPoint) => ofPoint![Math.floor(random() * ofPoint!.length)]!,
  );
}
