import { expect, test } from '@jest/globals';
import { virtualClock } from './virtual-clock.js';

test('time stands still until it is advanced', async () => {
  const clock = virtualClock(1_000);
  await clock.advance(250);
  expect(clock.now()).toBe(1_250);
});

test('sleepers wake in the order of their times, at their times', async () => {
  const clock = virtualClock(0);
  const woken: string[] = [];
  for (const ms of [30, 10, 20]) void clock.sleep(ms).then(() => woken.push(`${ms} at ${clock.now()}`));
  await clock.advance(20);
  expect(woken).toEqual(['10 at 10', '20 at 20']);
  expect(clock.sleeping).toBe(1);
});

test('who sleeps again is woken again within one advance', async () => {
  const clock = virtualClock(0);
  let rounds = 0;
  void (async () => {
    while (rounds < 5) {
      await clock.sleep(10);
      rounds++;
    }
  })();
  await clock.advance(35);
  expect(rounds).toBe(3);
});

test('a sleeper whose signal aborts wakes at once, and one that comes too late does not sleep', async () => {
  const clock = virtualClock();
  const abort = new AbortController();
  const sleeping = clock.sleep(1_000_000, abort.signal);
  abort.abort();
  await sleeping;
  await clock.sleep(1_000_000, abort.signal);
  expect(clock.sleeping).toBe(0);
});
