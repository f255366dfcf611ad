import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { eventually } from '@logfold/testing';
import { newPlace, PATIENCE, startScript, type Place, type Script } from './support/house.js';
import { get, post } from './support/http.js';

const LONG_MS = 120_000;
let place: Place;
let house: Script & { readonly url: string };
let stock: string;

beforeAll(async () => {
  place = newPlace();
  house = await place.open();
  stock = `${house.url}/inventory/stock`;
}, LONG_MS);
afterAll(() => place.clear(), LONG_MS);

describe('The retailer, started by one command', () => {
  test('says where its data, its API and its documentation are, and that somebody trades', async () => {
    await house.says(/^Ctrl-C ends it/);
    const said = house.lines.join('\n');
    expect(said).toContain(`Postgres started, its data is in ${place.env['LOGFOLD_DATA']}`);
    expect(said).toContain('A simulator trades, 5 commands a second');
    expect(said).toContain(`  Docs   ${house.url}/docs`);
  });

  test('trades by itself: its goods come into stock', async () => {
    await eventually(async () => {
      const { body } = await get(`${stock}/PHONE-01`);
      expect(body).toEqual([expect.objectContaining({ sku: 'PHONE-01', location: 'main' })]);
      expect(body[0].received).toBeGreaterThan(0);
    }, PATIENCE);
  });

  test('takes each command, and answers with the version of the stream and the position in the log', async () => {
    const orderId = 'order 1';
    const steps: [string, object, number][] = [
      ['receive', { quantity: 10 }, 1],
      ['reserve', { quantity: 3, orderId }, 2],
      ['reserve', { quantity: 2, orderId: 'order 2' }, 3],
      ['release', { quantity: 2, orderId: 'order 2' }, 4],
      ['commit', { quantity: 3, orderId }, 5],
      ['ship', { quantity: 3, orderId }, 6],
      ['return', { quantity: 1, orderId }, 7],
      ['adjust', { quantity: -2, reason: 'damaged' }, 8],
    ];
    const positions: bigint[] = [];
    for (const [command, body, version] of steps) {
      const answer = await post(`${stock}/TEA/${command}`, body);
      expect([command, answer]).toEqual([
        command,
        expect.objectContaining({ status: 200, body: { version, position: expect.stringMatching(/^\d+$/) } }),
      ]);
      positions.push(BigInt(answer.body.position));
    }
    expect(positions).toEqual([...positions].sort((a, b) => (a < b ? -1 : 1)));
    const moved = { received: 10, shipped: 3, returned: 1, adjusted: -2, corrected: 0, scrapped: 0 };
    const level = { ...moved, reserved: 0, committed: 0, damaged: 0, onHand: 6 };
    await eventually(async () =>
      expect((await get(`${stock}/TEA`)).body).toEqual([{ sku: 'TEA', location: 'main', ...level, available: 6 }]),
    );
    expect((await get(`${stock}/TEA/main`)).body).toMatchObject(level);
  });

  test('shows what is sold out, until it comes in again', async () => {
    const board = `${house.url}/inventory/out-of-stock?location=leeds`;
    await post(`${stock}/CUP/receive`, { quantity: 2, location: 'leeds' });
    await post(`${stock}/CUP/ship`, { quantity: 2, location: 'leeds' });
    await eventually(async () =>
      expect((await get(board)).body).toEqual([
        { sku: 'CUP', location: 'leeds', since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) },
      ]),
    );
    await post(`${stock}/CUP/return`, { quantity: 1, location: 'leeds' });
    await eventually(async () => expect((await get(board)).body).toEqual([]));
  });

  test('refuses what its rules forbid, with the numbers', async () => {
    await post(`${stock}/MUG/receive`, { quantity: 2 });
    expect(await post(`${stock}/MUG/reserve`, { quantity: 3, orderId: 'order 3' })).toMatchObject({
      status: 422,
      type: expect.stringContaining('application/problem+json'),
      body: {
        code: 'command-rejected',
        rejected: 'short',
        detail: '2 of MUG at main are available, 3 were asked for',
        details: { available: 2, requested: 3 },
        instance: '/inventory/stock/MUG/reserve',
      },
    });
  });

  test('refuses a command on another version than the client knows', async () => {
    await post(`${stock}/POT/receive`, { quantity: 2 });
    const late = await post(`${stock}/POT/ship`, { quantity: 1 }, { 'if-match': '"7"' });
    expect(late).toMatchObject({
      status: 409,
      body: { code: 'wrong-expected-version', detail: 'Stream "stock-POT@main" is at version 1, expected 7' },
    });
    expect(await post(`${stock}/POT/ship`, { quantity: 1 }, { 'if-match': '"1"' })).toMatchObject({ status: 200 });
  });

  test.each<[string, unknown, string]>([
    ['receive', { quantity: 0 }, 'quantity'],
    ['receive', { quantity: 1.5 }, 'quantity'],
    ['receive', { quantity: '3' }, 'quantity'],
    ['receive', {}, 'quantity'],
    ['receive', { quantity: 1, location: 'a@b' }, 'location'],
    ['receive', { quantity: 1, simulated: true }, ''],
    ['reserve', { quantity: 1 }, 'orderId'],
    ['reserve', { quantity: 1, orderId: 'a\u0000b' }, 'orderId'],
    ['adjust', { quantity: 0, reason: 'counted' }, 'quantity'],
    ['adjust', { quantity: 1, reason: '' }, 'reason'],
  ])('answers a body for %s that does not fit, %j, with the path of the bad field', async (command, body, path) => {
    const { status, body: problem } = await post(`${stock}/PAN/${command}`, body);
    expect({ status, ...problem }).toMatchObject({ status: 400, code: 'validation-failed', errors: [{ path }] });
  });

  test('serves its documentation', async () => {
    const page = await fetch(`${house.url}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    expect(await page.text()).toContain('<div id="swagger-ui">');
    expect((await get(`${house.url}/docs-json`)).body.paths).toHaveProperty('/inventory/stock/{sku}/receive');
  });
});

describe('Ctrl-C', () => {
  test(
    'ends all of it with exit code 0 and no word of error; the next start goes on with the same log',
    async () => {
      const before = (await post(`${stock}/JAR/receive`, { quantity: 5 })).body;
      expect(await house.interrupt()).toBe(0);
      expectQuiet(house);
      expect(place.processes()).toEqual([]);

      house = await place.open();
      stock = `${house.url}/inventory/stock`;
      const after = (await post(`${stock}/JAR/ship`, { quantity: 1 })).body;
      expect([before.version, after.version]).toEqual([1, 2]);
      expect(BigInt(after.position)).toBeGreaterThan(BigInt(before.position));
      await eventually(async () => expect((await get(`${stock}/JAR/main`)).body).toMatchObject({ onHand: 4 }));
      expect(await house.interrupt()).toBe(0);
      expectQuiet(house);
    },
    LONG_MS,
  );

  // npm runs it below a shell: that one dies by the SIGINT it got as well, which is 130.
  test.each([
    ['exec node scripts/start.mjs', [0]],
    ['npm start', [0, 130]],
  ])(
    'ends "%s" in a terminal without a word of error',
    async (command, codes) => {
      const terminal = inTerminal(command);
      await terminal.script.says(/^Ctrl-C ends it/);
      terminal.pressCtrlC();
      expect(codes).toContain(await terminal.script.ended);
      expectQuiet(terminal.script);
      expect(place.processes()).toEqual([]);
    },
    LONG_MS,
  );

  test(
    'leaves nothing when it comes while the first start makes a database',
    async () => {
      const early = newPlace();
      const script = early.run('start');
      await eventually(() => expect(readdirSync(early.env['LOGFOLD_DATA']!).join()).toMatch(/postgres/), PATIENCE);
      expect(await script.interrupt()).toBe(0);
      expectQuiet(script);
      expect(early.processes()).toEqual([]);
      const next = await early.open();
      expect(await next.interrupt()).toBe(0);
      await early.clear();
    },
    LONG_MS,
  );
});

/** A terminal, where `script` can make one (Linux); elsewhere a process group of its own, as a shell gives it. */
function inTerminal(command: string): { script: Script; pressCtrlC(): void } {
  const env = { ...place.env, SHELL: '/bin/sh', NO_COLOR: '1' };
  if (process.platform === 'linux' && existsSync('/usr/bin/script')) {
    const script = startScript('/usr/bin/script', ['-qec', command, '/dev/null'], env);
    return { script, pressCtrlC: () => void script.process.stdin!.write('\u0003') };
  }
  const script = startScript('/bin/sh', ['-c', command], env);
  return { script, pressCtrlC: () => void script.interrupt() };
}

function expectQuiet({ lines }: Script): void {
  const ours = lines.filter((line) => !line.startsWith('npm warn')); // npm's opinion of its user's settings
  expect(ours.filter((line) => /error|fail|exception|warn|\bat .*:\d+:\d+/i.test(line))).toEqual([]);
}
