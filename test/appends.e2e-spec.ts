import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { eventually } from '@logfold/testing';
import postgres from 'postgres';
import { postgresDatabase } from '@logfold/postgres';
import { build, startChild, type Child } from './support/child.js';
import { testDatabase } from './support/database.js';

const PATIENCE = { timeoutMs: 60_000 };
const kills = ['after-statement', 'before-reply'].flatMap((point) =>
  [1, 2, 7].map((hit) => `append.${point}=kill@${hit}`),
);

jest.setTimeout(120_000); // longer than its patience
beforeAll(() => build('libs/postgres', 'libs/testing'));

describe('Processes that append', () => {
  test.each(kills)(
    'keep what they acknowledged, and leave no hole and no double, when one is killed at %s',
    async (failpoint) => {
      await withWriters(async ({ start, check }) => {
        const victim = start('item-1', failpoint);
        start('item-2');
        await eventually(() => expect(victim.process.signalCode).toBe('SIGKILL'), PATIENCE);
        const again = start('item-1');
        await eventually(() => expect(again.lines.length).toBeGreaterThan(20), PATIENCE);
        await check();
      });
    },
  );

  test.each([1, 2, 7])('append once though the answer is lost (the %s. one)', async (hit) => {
    await withWriters(async ({ start, check }) => {
      const unlucky = start('item-1', `append.after-statement=throw@${hit}`);
      await eventually(() => expect(unlucky.lines.length).toBeGreaterThan(30), PATIENCE);
      expect(unlucky.lines).not.toContain('conflict');
      const { stored, acknowledged } = await check();
      expect(stored - acknowledged).toBeLessThanOrEqual(4); // what was on its way when the writer was ended
    });
  });
});

interface Writers {
  start(stream: string, failpoint?: string): Child;
  /** Ends the writers, and compares what they printed with what is in the log. */
  check(): Promise<{ stored: number; acknowledged: number }>;
}

async function withWriters(work: (writers: Writers) => Promise<void>): Promise<void> {
  const { url, drop } = await testDatabase();
  const database = postgresDatabase({ service: 'shop', url });
  await database.open();
  const admin = postgres(url, { max: 1, onnotice: () => {} });
  const children: Child[] = [];
  try {
    await work({
      start(stream, failpoint) {
        const env = failpoint === undefined ? {} : { LOGFOLD_FAILPOINTS: failpoint };
        const child = startChild('test/support/appending-process.mjs', [url, stream], env);
        children.push(child);
        return child;
      },
      async check() {
        await Promise.all(children.map((child) => child.end()));
        await eventually(async () =>
          expect(
            await admin`SELECT 1 FROM pg_stat_activity WHERE application_name = 'logfold shop append' AND state = 'active'`,
          ).toEqual([]),
        );
        const stored = await admin<{ id: string; stream: string; version: number }[]>`
          SELECT id, stream, version FROM logfold.events ORDER BY stream, version`;
        const acknowledged = children.flatMap(({ lines }) => lines.filter((line) => line.startsWith('acknowledged')));
        const known = new Set(stored.map(({ id, stream, version }) => `acknowledged ${id} ${stream} ${version}`));
        expect(acknowledged.filter((line) => !known.has(line))).toEqual([]);
        expect(new Set(stored.map(({ id }) => id)).size).toBe(stored.length);
        const streams = Map.groupBy(stored, ({ stream }) => stream);
        for (const events of streams.values())
          expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1));
        return { stored: stored.length, acknowledged: acknowledged.length };
      },
    });
  } finally {
    await Promise.all(children.map((child) => child.end()));
    await admin.end({ timeout: 1 });
    await database.close();
    await drop();
  }
}
