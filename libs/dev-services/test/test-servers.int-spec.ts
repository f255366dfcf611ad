import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { isRunning } from '../src/process.js';
import { pidOf, workplace, type Workplace } from './workplace.js';

let place: Workplace;

beforeEach(() => {
  place = workplace();
});
afterEach(() => place.clear());

describe('a Postgres for tests', () => {
  it('is another one each time, and leaves nothing', async () => {
    const options = { durable: false, home: place.home };
    const servers = await Promise.all([place.start(options), place.start(options)]);
    expect(servers[0].port).not.toBe(servers[1].port);
    const pids = servers.map(({ directory }) => pidOf(directory));
    await Promise.all(servers.map((one) => one.stop()));
    expect(pids.filter(isRunning)).toEqual([]);
    expect(readdirSync(place.home)).toEqual([]);
  });

  it('is ended and removed at the next start when its process was killed', async () => {
    const options = { durable: false, home: place.home };
    const victim = place.another(options);
    const { directory } = await victim.answer;
    const pid = pidOf(directory);
    await victim.kill();
    expect(isRunning(pid)).toBe(true);
    await place.start(options);
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(directory)).toBe(false);
  });
});
