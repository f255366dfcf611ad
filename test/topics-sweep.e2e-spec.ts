import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from './support/child.js';
import { testKafka, testKafkaTimeoutMs } from './support/kafka.js';
import { allProcessScenarios } from './support/processes/scenarios.js';
import { chosenScenarios, MINUTE_MS, sweep, sweepSeed, unknownScenarios } from './support/sweep.js';
import { allScenarios, runScenario } from './support/topics/scenarios.js';

const scenarios = chosenScenarios(allScenarios, ({ point, effect }) => `${point.split('.')[0]} ${effect}`);
let brokers: readonly string[];

beforeAll(async () => {
  build('libs/kafka', 'libs/postgres', 'libs/testing');
  ({ brokers } = await testKafka(1));
}, testKafkaTimeoutMs);

describe('Relay and subscriptions, stopped at every point', () => {
  test('are swept by the names of scenarios that there are', () => {
    expect(unknownScenarios([...allScenarios, ...allProcessScenarios])).toEqual([]);
  });

  test(
    `have nothing lost, doubled or out of order (${scenarios.length} scenarios, SEED=${sweepSeed})`,
    () => sweep(scenarios, (scenario) => runScenario(brokers, scenario)),
    (3 + scenarios.length) * MINUTE_MS,
  );
});
