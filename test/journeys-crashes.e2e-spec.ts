import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { eventually } from '@logfold/testing';
import { testDatabase } from './support/database.js';
import { kill, newPlace, PATIENCE, startScript, type Place } from './support/house.js';
import { get, post } from './support/http.js';

const LONG_MS = 120_000;
const STREAMS = 8;
let place: Place;

beforeEach(() => {
  place = newPlace();
});
afterEach(() => place.clear(), LONG_MS);

describe('kill -9', () => {
  test(
    'of the application under load ends the Postgres with it; the next start has all that was acknowledged',
    async () => {
      const house = await place.open();
      const load = loadOn(house.url);
      await eventually(() => expect(load.acknowledged()).toBeGreaterThan(200), PATIENCE);
      kill(pidOf('dist/main.js'), 'SIGKILL');
      expect(await house.ended).toBe(1);
      expect(house.lines.at(-1)).toBe('The application was ended from outside, by SIGKILL');
      expect(place.processes()).toEqual([]);
      await load.stop();
      await expectKept(load);
    },
    LONG_MS,
  );

  test(
    'of everything, Postgres too, loses nothing that was acknowledged',
    async () => {
      const house = await place.open();
      const load = loadOn(house.url);
      await eventually(() => expect(load.acknowledged()).toBeGreaterThan(200), PATIENCE);
      for (const { pid } of place.processes()) kill(pid, 'SIGKILL');
      await load.stop();
      await eventually(() => expect(place.processes()).toEqual([]), PATIENCE);
      await expectKept(load);
    },
    LONG_MS,
  );

  test(
    'of the start script ends the application; the next start adopts the Postgres, has the port, and ends both',
    async () => {
      const house = await place.open();
      const { version } = (await post(`${house.url}/inventory/stock/TEA/receive`, { quantity: 5 })).body;
      house.process.kill('SIGKILL');
      await eventually(() => expect(place.processes().map(programOf)).toEqual(['postgres']), PATIENCE);

      const again = await place.open({ PORT: new URL(house.url).port });
      expect(again.url).toBe(house.url);
      expect(again.lines.join('\n')).toContain('Postgres runs already');
      const answer = await post(`${again.url}/inventory/stock/TEA/ship`, { quantity: 1 });
      expect(answer).toMatchObject({ status: 200, body: { version: version + 1 } });
      expect(await again.interrupt()).toBe(0);
      expect(place.processes()).toEqual([]);
    },
    LONG_MS,
  );
});

describe('The npm that started the retailer', () => {
  test.each<NodeJS.Signals>(['SIGTERM', 'SIGKILL'])(
    'leaves nothing running when it is ended by %s',
    async (signal) => {
      const npm = startScript('/bin/sh', ['-c', `"${process.execPath}" scripts/start.mjs; echo not reached`], {
        ...place.env,
        npm_lifecycle_event: 'start',
      });
      await npm.says(/^Ctrl-C ends it/);
      npm.process.kill(signal);
      expect(await npm.ended).toBe(null);
      await eventually(() => expect(place.processes()).toEqual([]), PATIENCE);
      expect(npm.lines.join('\n')).not.toMatch(/error|not reached/);
    },
    LONG_MS,
  );
});

describe('DATABASE_URL', () => {
  test(
    'is where the log is kept, and no other Postgres is started',
    async () => {
      const database = await testDatabase();
      const sql = postgres(database.url, { max: 1, onnotice: () => {} });
      try {
        const house = await place.open({ DATABASE_URL: database.url });
        expect(house.lines.join('\n')).not.toContain('Postgres');
        expect(place.processes().map(programOf).sort()).toEqual(['dist/main.js', 'start.mjs']);
        const { position } = (await post(`${house.url}/inventory/stock/TEA/receive`, { quantity: 5 })).body;
        const rows = await sql`SELECT stream, type, version FROM inventory.events WHERE position = ${position}`;
        expect([...rows]).toEqual([{ stream: 'stock-TEA@main', type: 'StockReceived', version: 1 }]);
        expect(await house.interrupt()).toBe(0);
        expect(place.processes()).toEqual([]);
      } finally {
        await sql.end();
        await database.drop();
      }
    },
    LONG_MS,
  );
});

interface Load {
  /** Receipts of one piece each that were answered with 200. */
  acknowledged(): number;
  /** The same by SKU, and what was sent at all. */
  readonly bySku: ReadonlyMap<string, { sent: number; acknowledged: number }>;
  /** Resolves when the last request has been answered, or its connection is gone. */
  stop(): Promise<void>;
}

/** Receives single pieces of several SKUs as fast as the answers come, until nothing answers any more. */
function loadOn(url: string): Load {
  const bySku = new Map(Array.from({ length: STREAMS }, (_, index) => [`LOAD-${index}`, { sent: 0, acknowledged: 0 }]));
  const callers = [...bySku].map(async ([sku, count]) => {
    for (;;) {
      count.sent += 1;
      const answer = await post(`${url}/inventory/stock/${sku}/receive`, { quantity: 1 }).catch(() => undefined);
      if (answer === undefined) return;
      if (answer.status === 200) count.acknowledged += 1;
    }
  });
  return {
    bySku,
    acknowledged: () => [...bySku.values()].reduce((sum, { acknowledged }) => sum + acknowledged, 0),
    stop: async () => void (await Promise.all(callers)),
  };
}

/** Starts the house again: each stream holds what was acknowledged, and at most what was sent; so do the read models. */
async function expectKept(load: Load): Promise<void> {
  const house = await place.open();
  for (const [sku, { sent, acknowledged }] of load.bySku) {
    const { version } = (await post(`${house.url}/inventory/stock/${sku}/receive`, { quantity: 1 })).body;
    expect(version - 1).toBeGreaterThanOrEqual(acknowledged);
    expect(version - 1).toBeLessThanOrEqual(sent);
    await eventually(async () => {
      const { body } = await get(`${house.url}/inventory/stock/${sku}`);
      expect(body).toEqual([expect.objectContaining({ sku, received: version, onHand: version, available: version })]);
    }, PATIENCE);
  }
  expect(await house.interrupt()).toBe(0);
  expect(place.processes()).toEqual([]);
}

function pidOf(part: string): number {
  return place.processes().find(({ command }) => command.includes(part))!.pid;
}

function programOf({ command }: { readonly command: string }): string {
  return ['dist/main.js', 'start.mjs', 'postgres'].find((part) => command.includes(part)) ?? command;
}
