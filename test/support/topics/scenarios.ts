import { expect } from '@jest/globals';
import { eventually } from '@logfold/testing';
import type { Child } from '../child.js';
import { nameOf, type Scenario } from '../sweep.js';
import { PATIENCE, SOME, withWorld, type World } from './world.js';

const relayPoints = [
  'after-lease',
  'after-init',
  'after-tails',
  'after-read',
  'mid-send',
  'after-send',
  'before-commit',
  'answer-lost',
  'after-commit',
  'before-mark',
].map((point) => `relay.${point}`);

const subscriptionPoints = [
  'after-fetch',
  'mid-handler',
  'before-commit',
  'after-commit',
  'before-group-commit',
  'on-revoke',
  'mid-park',
  'mid-redrive',
  'after-redrive',
].map((point) => `subscription.${point}`);

/** Every point with every effect at its first, second and a later hit. */
export const allScenarios: readonly Scenario[] = [...relayPoints, ...subscriptionPoints].flatMap((point) =>
  (['kill', 'freeze', 'throw'] as const).flatMap((effect) => [1, 2, 5].map((hit) => ({ point, effect, hit }))),
);

/** The relay passes these once in a session: others are begun by errors elsewhere, so that there is a later hit. */
const oncePerSession = new Set(['relay.after-lease', 'relay.after-init', 'relay.after-tails']);
/** The number of bags whose handling fails until it is cured: three events of three keys each. */
const POISON = [7, 20, 33];

/** Runs a scenario in a world of its own: something dies, freezes or fails, another goes on, and nothing is wrong in the end. */
export function runScenario(brokers: readonly string[], scenario: Scenario): Promise<void> {
  return withWorld(brokers, (world) =>
    scenario.point.startsWith('relay.') ? atRelay(world, scenario) : atSubscription(world, scenario),
  );
}

async function atRelay(world: World, scenario: Scenario): Promise<void> {
  const { point, hit } = scenario;
  const restarts = oncePerSession.has(point) ? [2, 4, 6, 8, 10].map((n) => `relay.after-commit=throw@${n}`) : [];
  const failpoints = [...restarts.slice(0, hit - 1), nameOf(scenario)].join();
  world.startEcho();
  const victim = world.startMill({ LOGFOLD_FAILPOINTS: failpoints });
  const last = await befallen(world, scenario, victim, () => world.startMill());
  await world.settled(last);
}

async function atSubscription(world: World, scenario: Scenario): Promise<void> {
  const parks = /park|redrive/.test(scenario.point);
  const options = parks ? { poison: POISON } : {};
  const mill = world.startMill();
  const victim = world.startEcho({ LOGFOLD_FAILPOINTS: nameOf(scenario) }, options);
  if (scenario.point.endsWith('on-revoke')) await revoked(world, scenario.hit);
  if (scenario.point.endsWith('redrive')) {
    await eventually(async () => expect((await world.counts()).parked).toBeGreaterThan(10), PATIENCE);
    world.cure();
    await askForRedrives(world);
  }
  await befallen(world, scenario, victim, () => world.startEcho({}, options));
  if (parks) await drained(world);
  await world.settled(mill);
}

/** Another process takes partitions over from the first one, and gives them back, until that has lost some so often. */
async function revoked(world: World, times: number): Promise<void> {
  for (let lost = 2; ; lost += 2) {
    await world.heardMore();
    const another = world.startEcho(); // it joins the groups of both topics
    await eventually(() => expect(another.lines).toContain('started'), PATIENCE);
    await world.heardMore();
    if (lost >= times) return;
    await world.stop(another);
  }
}

/** Waits until it happens, and lets another process go on. @returns the process that works in the end */
async function befallen(
  world: World,
  { point, effect, hit }: Scenario,
  victim: Child,
  another: () => Child,
): Promise<Child> {
  if (effect === 'throw') {
    const text = `Crash point "${point}" was armed to throw at hit ${hit}`;
    await eventually(async () => {
      const outcomes = (await world.people.parked.history()).map(({ outcome }) => outcome); // of a redrive
      expect([...victim.lines, ...outcomes].join('\n')).toContain(text);
    }, PATIENCE);
    return victim;
  }
  if (effect === 'kill') {
    await eventually(() => expect(victim.process.signalCode).toBe('SIGKILL'), PATIENCE);
    return another();
  }
  await eventually(() => expect(victim.isFrozen()).toBe(true), PATIENCE);
  const successor = another();
  await eventually(() => expect(successor.lines).toContain('started'), PATIENCE);
  await workedOn(world, point);
  victim.process.kill('SIGCONT');
  await workedOn(world, point);
  await world.stop(successor); // now the one that was frozen has to do the work
  return victim;
}

/** Waits until more was published, or more was handled, than there was to do when it began. */
async function workedOn(world: World, point: string): Promise<void> {
  const before = await world.counts();
  await eventually(async () => {
    const { published, heard, parked } = await world.counts();
    const [did, had] = point.startsWith('relay.')
      ? [heard + parked, before.published]
      : [heard + parked, before.heard + before.parked + SOME];
    expect(published).toBeGreaterThan(before.published);
    expect(did).toBeGreaterThan(had);
  }, PATIENCE);
}

/** Cures the poison; a person asks for all that is parked, again and again, until nothing is. */
async function drained(world: World): Promise<void> {
  world.cure();
  await eventually(async () => {
    await askForRedrives(world);
    expect((await world.counts()).parked).toBe(0);
  }, PATIENCE);
}

/** Puts a request for each parked key that has none. */
export async function askForRedrives({ people }: World): Promise<void> {
  const open = (await people.parked.history()).filter(({ handledAt }) => handledAt === undefined);
  for (const { subscription, source, key } of await people.parked.list())
    if (!open.some((request) => request.source === source && request.key === key))
      await people.parked.request({ subscription, source }, { action: 'redrive', key, who: 'a test', why: 'cured' });
}
