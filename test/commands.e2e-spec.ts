import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@logfold/testing';
import postgres from 'postgres';
import { postgresDatabase } from '@logfold/postgres';
import { build, startChild, type Child } from './support/child.js';
import { testDatabase } from './support/database.js';

const PATIENCE = { timeoutMs: 60_000 };
const accepted = ['append.after-load', 'append.after-statement', 'append.before-reply', 'command.before-answer'];
const rejected = ['append.after-load', 'command.before-record', 'command.before-answer'];

beforeAll(() => build('libs/postgres', 'libs/testing'), 120_000);

describe('A command with an idempotency key, in processes of their own', () => {
  test.each(accepted)(
    'has one effect, when its process is killed at %s and another is asked again',
    async (failpoint) => {
      await withShop(async ({ start, effects }) => {
        const wish = 'Receive tea - k';
        await dead(start([wish], failpoint));
        const answers = [...(await answersOf(start([wish]))), ...(await answersOf(start([wish])))];
        expect(new Set(answers).size).toBe(1);
        const [event, ...more] = await effects();
        expect(more).toEqual([]);
        expect(answers[0]).toBe(`${wish}: 1 ${event!.position} ${event!.id}`);
      });
    },
    90_000,
  );

  test.each(rejected)(
    'has one rejection, when its process is killed at %s and another is asked again',
    async (failpoint) => {
      await withShop(async ({ start, effects }) => {
        const wish = 'Reserve tea o-1 k';
        await dead(start([wish], failpoint));
        const [first] = await answersOf(start([wish]));
        await answersOf(start(['Receive tea - other']));
        expect(await answersOf(start([wish]))).toEqual([first]);
        expect(first).toBe(`${wish}: command-rejected tea is sold out`);
        expect(await effects()).toHaveLength(1);
      });
    },
    90_000,
  );

  test.each(['Receive tea - k', 'Reserve tea o-1 k', 'Count tea - k'])(
    'ten times at once in two processes has at most one effect, and ten equal answers: %s',
    async (wish) => {
      await withShop(async ({ start, effects }) => {
        const beside = ['a', 'b', 'c', 'd'].map((n) => `Receive tea - ${n}`);
        const five = Array.from({ length: 5 }, () => wish);
        const [one, two] = [start([...beside, ...five]), start([...five, ...beside])];
        const answers = [...(await answersOf(one)), ...(await answersOf(two))];
        const ours = answers.filter((answer) => answer.startsWith(wish));
        expect(ours).toHaveLength(10);
        expect(new Set(ours).size).toBe(1);
        const stored = await effects();
        const own = stored.filter(({ id }) => ours[0]!.endsWith(id));
        expect(stored).toHaveLength(4 + own.length); // those beside it, each once, and its own
        expect(own).toHaveLength(/: \d+ [1-9]/.test(ours[0]!) ? 1 : 0);
      });
    },
    90_000,
  );
});

interface Shop {
  start(wishes: readonly string[], failpoint?: string): Child;
  /** What the commands have left in the log. */
  effects(): Promise<readonly { id: string; position: string }[]>;
}

async function withShop(work: (shop: Shop) => Promise<void>): Promise<void> {
  const { url, drop } = await testDatabase();
  const database = postgresDatabase({ service: 'shop', url });
  await database.open();
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  const children: Child[] = [];
  try {
    await work({
      start(wishes, failpoint) {
        const env = failpoint === undefined ? {} : { LOGFOLD_FAILPOINTS: `${failpoint}=kill@1` };
        const child = startChild('test/support/handling-process.mjs', [url, ...wishes], env);
        children.push(child);
        return child;
      },
      effects: () => admin<{ id: string; position: string }[]>`SELECT id, position FROM logfold.events`,
    });
  } finally {
    await Promise.all(children.map((child) => (child.process.exitCode === null ? child.end() : undefined)));
    await admin.end({ timeout: 1 });
    await database.close();
    await drop();
  }
}

async function dead(child: Child): Promise<void> {
  await eventually(() => expect(child.process.signalCode).toBe('SIGKILL'), PATIENCE);
}

/** What a process printed until it had all its answers. */
async function answersOf(child: Child): Promise<readonly string[]> {
  await eventually(() => expect(child.lines).toContain('done'), PATIENCE);
  return child.lines.filter((line) => line !== 'done');
}
