import { beforeAll, describe, test } from '@jest/globals';
import { build } from './support/child.js';
import { allProcessScenarios, runProcessScenario } from './support/processes/scenarios.js';
import { chosenScenarios, MINUTE_MS, sweep, sweepSeed } from './support/sweep.js';

const scenarios = chosenScenarios(allProcessScenarios, ({ effect }) =>
  effect === 'kill' || effect === 'freeze' ? 'stops the process' : 'does not stop it',
);

beforeAll(() => build('libs/postgres', 'libs/testing'), MINUTE_MS);

describe('Process managers, timers, derived streams and commands between services, stopped at every point', () => {
  test(
    `have every effect once (${scenarios.length} scenarios, SEED=${sweepSeed})`,
    () => sweep(scenarios, (scenario) => runProcessScenario(scenario, sweepSeed)),
    (3 + scenarios.length) * MINUTE_MS,
  );
});
