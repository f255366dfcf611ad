import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, serverAccount } from '../src/process.js';
import { ask, pidOf, until, workplace, type Workplace } from './workplace.js';

let place: Workplace;

beforeEach(() => {
  place = workplace();
});
afterEach(() => place.clear());

describe('a Postgres that keeps its data', () => {
  it('starts where nothing is, in the directory given, and stops', async () => {
    const server = await place.start();
    expect(server.adopted).toBe(false);
    expect(server.directory).toBe(join(place.home, 'postgres', 'data'));
    expect(await ask(server.url, (sql) => sql`SELECT current_setting('TimeZone') AS zone`)).toEqual([{ zone: 'UTC' }]);
    const pid = pidOf(server.directory);
    await server.stop();
    expect(isRunning(pid)).toBe(false);
  });

  it('has everything again after a stop and a start', async () => {
    const first = await place.start();
    await keepAnswer(first.url);
    await first.stop();
    const second = await place.start();
    expect(second.adopted).toBe(false);
    expect(await keptAnswer(second.url)).toEqual([{ answer: 42 }]);
  });

  it('asks for its password, which only the user of the server can read', async () => {
    const server = await place.start();
    const wrong = server.url.replace(/:[^:@]+@/, ':wrong@');
    await expect(ask(wrong, (sql) => sql`SELECT 1`)).rejects.toMatchObject({ code: '28P01' });
    expect(statSync(join(place.home, 'postgres', 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(place.home, 'postgres')).mode & 0o777).toBe(0o700);
  });

  it('loses nothing that was committed when its postmaster is killed with -9', async () => {
    const first = await place.start();
    await keepAnswer(first.url);
    process.kill(pidOf(first.directory), 'SIGKILL');
    const second = await place.start();
    expect(second.adopted).toBe(false);
    expect(await keptAnswer(second.url)).toEqual([{ answer: 42 }]);
  });

  it('starts when the pid of its killed postmaster went to another process', async () => {
    await (await place.start()).stop();
    const stranger = spawn('sleep', ['60'], { ...serverAccount(), stdio: 'ignore' });
    await once(stranger, 'spawn');
    leavePidFile(stranger.pid!);
    const server = await place.start();
    stranger.kill('SIGKILL');
    expect(server.adopted).toBe(false);
  });

  it('starts when its killed postmaster stays a zombie that nobody reaps', async () => {
    await (await place.start()).stop();
    const negligent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60'], {
      ...serverAccount(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const zombie = Number(String((await once(negligent.stdout, 'data'))[0]));
    await until(() => readFileSync(`/proc/${zombie}/stat`, 'utf8').includes(') Z '));
    leavePidFile(zombie);
    const server = await place.start();
    negligent.kill('SIGKILL');
    expect(server.adopted).toBe(false);
  });

  it('starts after its first initialisation was killed half-way, and leaves no trace of that', async () => {
    const victim = place.another();
    await until(() => half().length > 0);
    await victim.kill();
    expect(existsSync(join(place.home, 'postgres'))).toBe(false);
    const server = await place.start();
    expect(await ask(server.url, (sql) => sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    expect(half()).toEqual([]);
    expect(existsSync(join(place.home, 'lock'))).toBe(false);
  });
});

describe('users of one server', () => {
  it('adopt it while it runs, and the last one out ends it', async () => {
    const first = await place.start();
    const second = await place.start();
    expect(second).toMatchObject({ adopted: true, port: first.port });
    const pid = pidOf(first.directory);
    await first.stop();
    expect(await ask(second.url, (sql) => sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    await second.stop();
    expect(isRunning(pid)).toBe(false);
  });

  it('do not wait for one that was killed', async () => {
    const victim = place.another();
    const pid = pidOf((await victim.answer).directory);
    await victim.kill();
    expect(isRunning(pid)).toBe(true);
    const server = await place.start();
    expect(server.adopted).toBe(true);
    await server.stop();
    expect(isRunning(pid)).toBe(false);
  });

  it('may all come and go at once', async () => {
    const users = [place.another(), place.another(), place.another(), place.another()];
    const answers = await Promise.all(users.map((one) => one.answer));
    expect(new Set(answers.map(({ port }) => port)).size).toBe(1);
    expect(answers.filter(({ adopted }) => !adopted)).toHaveLength(1);
    const pid = pidOf(answers[0]!.directory);
    await Promise.all(users.map((one) => one.stop()));
    expect(isRunning(pid)).toBe(false);
  });
});

const keepAnswer = (url: string) => ask(url, (sql) => sql`CREATE TABLE kept AS SELECT 42 AS answer`);
const keptAnswer = (url: string) => ask(url, (sql) => sql`SELECT answer FROM kept`);

const half = () => readdirSync(place.home).filter((name) => name.startsWith('postgres.new-'));

function leavePidFile(pid: number): void {
  const data = join(place.home, 'postgres', 'data');
  const file = join(data, 'postmaster.pid');
  writeFileSync(file, [pid, data, 1_700_000_000, 54_329, '', '127.0.0.1', '  1 1', 'ready   ', ''].join('\n'));
  const { uid, gid } = statSync(data);
  chownSync(file, uid, gid);
}
