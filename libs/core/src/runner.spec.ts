import { expect, test } from '@jest/globals';
import { virtualClock } from '@logfold/testing';
import { DatabaseUnavailable } from './errors.js';
import { runner, type RunnerContext, type RunnerOptions } from './runner.js';

const A_DAY_MS = 86_400_000;

test('a runner is stopped until it is started', () => {
  const { loop, runs } = looping(untilStopped);
  expect(loop.status()).toEqual({ state: 'stopped' });
  expect(runs.count).toBe(0);
});

test('starting twice runs the work once', async () => {
  const { loop, runs } = looping(untilStopped);
  loop.start();
  loop.start();
  expect(runs.count).toBe(1);
  expect(loop.status()).toEqual({ state: 'running' });
  await loop.stop();
});

test('stopping before starting, and stopping twice, do nothing', async () => {
  const { loop, runs } = looping(untilStopped);
  await loop.stop();
  loop.start();
  await Promise.all([loop.stop(), loop.stop()]);
  await loop.stop();
  expect(loop.status()).toEqual({ state: 'stopped' });
  expect(runs.count).toBe(1);
});

test('a stopped runner may be started again', async () => {
  const { loop, runs } = looping(untilStopped);
  loop.start();
  await loop.stop();
  loop.start();
  expect(loop.status()).toEqual({ state: 'running' });
  await loop.stop();
  expect(runs.count).toBe(2);
});

test('stop waits until the work has ended', async () => {
  const ending = Promise.withResolvers<void>();
  const { loop } = looping(() => ending.promise);
  loop.start();
  let stopped = false;
  const stopping = loop.stop().then(() => (stopped = true));
  await virtualClock().advance(0);
  expect(stopped).toBe(false);
  ending.resolve();
  await stopping;
});

test('started while it still stops, it begins anew once the old work has ended', async () => {
  const ending = Promise.withResolvers<void>();
  const { loop, runs } = looping(async (context) => {
    if (runs.count === 1) return ending.promise;
    await untilStopped(context);
  });
  loop.start();
  const stopping = loop.stop();
  loop.start();
  expect(runs.count).toBe(1);
  ending.resolve();
  await stopping;
  await virtualClock().advance(0);
  expect(runs.count).toBe(2);
  expect(loop.status()).toEqual({ state: 'running' });
  await loop.stop();
});

test('stop ends a delay at once', async () => {
  const { loop, clock } = looping(() => Promise.reject(new RangeError('a bug')));
  loop.start();
  await clock.advance(0);
  await loop.stop();
  expect(loop.status()).toEqual({ state: 'stopped' });
  expect(clock.sleeping).toBe(0);
});

test('what the work throws because it was stopped is no failure', async () => {
  const errors: unknown[] = [];
  const work = async (context: RunnerContext) => {
    await untilStopped(context);
    throw new RangeError('interrupted');
  };
  const { loop } = looping(work, { onError: (error) => errors.push(error) });
  loop.start();
  await loop.stop();
  expect(loop.status()).toEqual({ state: 'stopped' });
  expect(errors).toEqual([]);
});

test('a bug is tried again so many times, then the runner has failed', async () => {
  const bug = new RangeError('a bug');
  const told: boolean[] = [];
  const { loop, clock, runs } = looping(() => Promise.reject(bug), {
    retries: 3,
    onError: (_, __, final) => told.push(final),
  });
  loop.start();
  await clock.advance(0);
  expect(loop.status().state).toMatch(/retrying|failed/);
  await clock.advance(A_DAY_MS);
  expect(loop.status()).toEqual({ state: 'failed', error: bug });
  expect(runs.count).toBe(4);
  expect(told).toEqual([false, false, false, true]);
});

test('a failed runner can be stopped, and started anew', async () => {
  let broken = true;
  const { loop, clock } = looping(
    (context) => (broken ? Promise.reject(new RangeError('a bug')) : untilStopped(context)),
    { retries: 0 },
  );
  loop.start();
  await clock.advance(0);
  expect(loop.status().state).toBe('failed');
  await loop.stop();
  broken = false;
  loop.start();
  expect(loop.status()).toEqual({ state: 'running' });
  await loop.stop();
});

test('a retryable error is tried again for ever', async () => {
  const away = new DatabaseUnavailable('away');
  const { loop, clock, runs } = looping(() => Promise.reject(away), { retries: 3 });
  loop.start();
  await clock.advance(A_DAY_MS / 24);
  expect(loop.status()).toEqual({ state: 'retrying', error: away });
  expect(runs.count).toBeGreaterThan(100);
  await loop.stop();
});

test('progress starts the count of retries anew', async () => {
  let round = 0;
  const work = async ({ progressed }: RunnerContext) => {
    if (++round % 3 === 0) progressed();
    if (round <= 30) throw new RangeError('a bug');
  };
  const { loop, clock, runs } = looping(work, { retries: 3 });
  loop.start();
  await clock.advance(600_000);
  expect(loop.status().state).not.toBe('failed');
  expect(runs.count).toBeGreaterThan(30);
  await loop.stop();
});

test('errors between which the work went well for a minute never make it fail', async () => {
  const began: number[] = [];
  const { loop, clock } = looping(
    async ({ signal }) => {
      began.push(clock.now());
      await clock.sleep(60_000, signal);
      throw new RangeError('a bug, now and then');
    },
    { retries: 3 },
  );
  loop.start();
  await clock.advance(30 * 60_000);
  expect(loop.status().state).not.toBe('failed');
  expect(began.length).toBeGreaterThan(20);
  await loop.stop();
});

test('a listener that throws does not end the loop', async () => {
  const { loop, clock, runs } = looping(() => Promise.reject(new DatabaseUnavailable('away')), {
    onError: () => {
      throw new RangeError('a bug of the listener');
    },
  });
  loop.start();
  await clock.advance(60_000);
  expect(loop.status().state).toBe('retrying');
  expect(runs.count).toBeGreaterThan(3);
  await loop.stop();
});

test('work that ends by itself is run again', async () => {
  const { loop, clock, runs } = looping(async () => {});
  loop.start();
  await clock.advance(1_000);
  expect(runs.count).toBeGreaterThan(1);
  await loop.stop();
});

function looping(work: (context: RunnerContext) => Promise<void>, options: RunnerOptions = {}) {
  const clock = virtualClock();
  const runs = { count: 0 };
  const counted = (context: RunnerContext): Promise<void> => {
    runs.count++;
    return work(context);
  };
  const loop = runner('a loop', counted, { clock, backoff: { firstMs: 50, maxMs: 5_000 }, ...options });
  return { loop, clock, runs };
}

function untilStopped({ signal }: RunnerContext): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
