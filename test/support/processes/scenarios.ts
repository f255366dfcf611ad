import { expect } from '@jest/globals';
import { eventually, type FaultProxy } from '@logfold/testing';
import type { Child } from '../child.js';
import { seeded } from '../simulation/random.js';
import type { Scenario } from '../sweep.js';
import { PATIENCE, withHouse, type House } from './house.js';

/** Where the work of process managers, their timers, derived streams and commands between services is handed over. */
const processPoints = [
  ...['after-react', 'mid-compensation', 'after-command', 'after-received'].map((point) => `process.${point}`),
  ...['timer-taken', 'timer-fired', 'after-timers'].map((point) => `process.${point}`),
  'derived.mid-close',
  ...['after-load', 'after-statement', 'before-reply', 'after-insert'].map((point) => `append.${point}`),
  ...['before-record', 'before-answer'].map((point) => `command.${point}`),
  ...['after-fetch', 'mid-handler', 'before-commit', 'after-commit'].map((point) => `subscription.${point}`),
];

/** Every point with every effect at its first and a later hit. `lose`: the answer to the next commit never comes. */
export const allProcessScenarios: readonly Scenario[] = processPoints.flatMap((point) =>
  (['kill', 'freeze', 'throw', 'lose'] as const).flatMap((effect) => [1, 4].map((hit) => ({ point, effect, hit }))),
);

/** Runs a scenario in a house of its own: something dies, freezes or fails, another goes on, and nothing is wrong in the end. */
export function runProcessScenario(scenario: Scenario, seed: number): Promise<void> {
  const random = seeded(seed);
  return withHouse(
    (limit) => Math.floor(random() * limit),
    async (house) => {
      const { point, effect, hit } = scenario;
      const stops = effect === 'lose' ? 'freeze' : effect;
      const through = effect === 'lose' ? await house.proxy() : undefined;
      const victim = house.start(
        effect === 'throw' ? { throws: { point, hit } } : { stops: `${point}=${stops}@${hit}`, through },
      );
      await eventually(() => expect(victim.lines).toContain('started'), PATIENCE);
      await trading(house, () => {
        if (effect === 'throw') expect(victim.lines).toContain(`threw at ${point}`);
        else if (effect === 'kill') expect(victim.process.signalCode).toBe('SIGKILL');
        else expect(victim.isFrozen()).toBe(true);
      });
      if (effect === 'kill') house.start();
      if (effect === 'freeze') await overtaken(house, victim);
      if (through) await loseAnswer(house, victim, through);
      await house.trade();
      await house.settled();
    },
  );
}

/** Another process does all the work, then the frozen one wakes, and has to do it alone. */
async function overtaken(house: House, victim: Child): Promise<void> {
  const successor = house.start();
  await house.settled();
  victim.process.kill('SIGCONT');
  await house.trade();
  await house.settled();
  await successor.end('SIGTERM');
}

/** The process goes on; the server commits what it asks next, and its connections break before it hears of it. */
async function loseAnswer(house: House, victim: Child, proxy: FaultProxy): Promise<void> {
  let committed = false;
  const ended = proxy.onToServer(
    (bytes) => bytes.toString('latin1').endsWith('COMMIT\0'),
    () => {
      proxy.dropToClient();
      committed = true;
    },
  );
  victim.process.kill('SIGCONT');
  await trading(house, () => expect(committed).toBe(true));
  ended();
  await eventually(() => expect(proxy.droppedBytes).toBeGreaterThan(0), PATIENCE);
  proxy.cut();
  proxy.stopDropping();
}

/** Customers trade until something has happened. */
function trading(house: House, happened: () => void): Promise<void> {
  return eventually(async () => {
    await house.trade();
    happened();
  }, PATIENCE);
}
