import { armFailpoints, type FailpointAction } from '@logfold/core';
import { FailpointReached } from './errors.js';
import { parseFailpoint, parseFailpoints, type FailpointEffect, type FailpointSpec } from './failpoint-spec.js';

/** An armed crash point and how often the code has passed it. */
interface Armed {
  readonly spec: Omit<FailpointSpec, 'effect'>;
  readonly effect: FailpointEffect | FailpointAction;
  hits: number;
}

const armed = new Set<Armed>();

/**
 * Arms what `LOGFOLD_FAILPOINTS` names, such as `relay.after-commit=kill@3,append.after-insert=throw`; nothing when it is
 * absent or empty. `import '@logfold/testing/failpoints'` does so from the process's own environment.
 * @throws InvalidFailpoints
 */
export function armFailpointsFromEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const { effect, ...spec } of parseFailpoints(env['LOGFOLD_FAILPOINTS'] ?? '')) arm({ spec, effect, hits: 0 });
}

/** What happens at a crash point: an effect at its first hit, or at its n-th (`throw@3`), or a function at every hit. */
export type FailpointChoice = FailpointEffect | `${FailpointEffect}@${number}` | FailpointAction;

/**
 * Arms one crash point while `work` runs, in this process. Calls may be nested.
 * @throws InvalidFailpoints, and what `work` throws.
 * @example await withFailpoint('subscription.before-commit', 'throw', () => eventually(…));
 */
export async function withFailpoint<T>(name: string, choice: FailpointChoice, work: () => Promise<T>): Promise<T> {
  const one = armedBy(name, choice);
  arm(one);
  try {
    return await work();
  } finally {
    armed.delete(one);
    if (armed.size === 0) armFailpoints(undefined);
  }
}

function armedBy(name: string, choice: FailpointChoice): Armed {
  if (typeof choice === 'function') return { spec: { name, hit: 'every' }, effect: choice, hits: 0 };
  const { effect, ...spec } = parseFailpoint(`${name}=${choice}`);
  return { spec, effect, hits: 0 };
}

function arm(one: Armed): void {
  armed.add(one);
  armFailpoints(passed);
}

async function passed(name: string): Promise<void> {
  for (const one of armed) {
    if (one.spec.name !== name) continue;
    one.hits++;
    if (one.spec.hit === 'every' || one.spec.hit === one.hits) await run(one, name);
  }
}

function run({ effect, hits }: Armed, name: string): void | Promise<void> {
  if (typeof effect === 'function') return effect(name);
  switch (effect) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return new Promise(() => {}); // dead before anything else runs
    case 'freeze':
      process.kill(process.pid, 'SIGSTOP');
      return;
    case 'hang':
      return new Promise(() => {});
    case 'throw':
      throw new FailpointReached(name, hits);
  }
}
