import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CommandRejected,
  IdempotencyKeyReused,
  IdempotencyKeyTaken,
  type Append,
  type Database,
  type HandledCommand,
} from '@logfold/core';
import { eventually, faultProxy, type FaultProxy } from '@logfold/testing';
import { allOf, count, receive, reservations, reserve, stockOf } from '../support/reservations.js';
import { openShop, type OpenShop } from '../support/shop.js';

let shop: OpenShop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.close());

const processes = () => [shop.database, shop.another()].map((each) => each as Database);

describe('The same command ten times at once, on two processes, beside others that conflict with it', () => {
  test('that is accepted has one effect, and ten equal answers', async () => {
    const answers = await tenTimes((stock) => stock.handle(reserve('mine'), { idempotencyKey: 'k' }));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('"version"');
    expect((await reservations(shop.database as Database)).get('mine')).toBe(1);
  });

  test('that is rejected has no effect, and ten equal answers', async () => {
    const answers = await tenTimes((stock) =>
      stock.handle(reserve('mine', 'coffee'), { idempotencyKey: 'k' }).catch(rejection),
    );
    expect(new Set(answers)).toEqual(new Set(['"sold-out coffee is sold out {\\"free\\":0}"']));
    const later = stockOf(shop.another() as Database);
    await later.handle(receive(9, 'coffee'));
    expect(await later.handle(reserve('mine', 'coffee'), { idempotencyKey: 'k' }).catch(rejection)).toContain('sold');
    expect(await reservations(shop.database as Database, 'coffee')).toEqual(new Map());
  });

  test('that leads to nothing has ten equal answers', async () => {
    const answers = await tenTimes((stock) => stock.handle(count(), { idempotencyKey: 'k' }));
    expect(new Set(answers).size).toBe(1);
  });

  test('each with a key of its own has ten effects', async () => {
    let key = 0;
    const answers = await tenTimes((stock) => stock.handle(reserve('mine'), { idempotencyKey: `k-${key++}` }));
    expect(new Set(answers).size).toBe(10);
    expect((await reservations(shop.database as Database)).get('mine')).toBe(10);
  });

  test('with different payloads has one effect, and the others are told that the key was used', async () => {
    const [one, two] = processes().map((each) => stockOf(each));
    await one!.handle(receive(50));
    const asked = Array.from({ length: 10 }, (_, n) =>
      (n % 2 ? one! : two!).handle(reserve(`order-${n}`), { idempotencyKey: 'k' }),
    );
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') {
        expect(outcome.reason).toBeInstanceOf(IdempotencyKeyReused);
        expect(outcome.reason).toMatchObject({ key: 'k', message: expect.stringContaining('"k"') });
      }
    expect([...(await reservations(shop.database as Database)).values()]).toEqual([1]);
  });
});

describe('A conflict', () => {
  test('does not burn the key: the command is decided again and has its effect', async () => {
    expect(await reservedAfterConflict((database) => database)).toBe(1);
  });

  test('burns a key that is written in another statement than the events, which the attack sees', async () => {
    expect(await reservedAfterConflict(keysApart)).toBe(0);
  });
});

describe('An answer that is lost on the way', () => {
  test.each(['reserve', 'receive'])('leaves one effect, and the answer can be had again: %s', async (kind) => {
    await withProxied(async ({ proxy, database }) => {
      const command = kind === 'reserve' ? reserve('mine') : receive(7);
      const stock = stockOf(database);
      await warmUp(stock);
      proxy.onToServer(isAppend, () => proxy.dropToClient());
      const handled = stock.handle(command, { idempotencyKey: 'k' });
      await eventually(async () => expect(await allOf(shop.database as Database)).toHaveLength(2));
      proxy.stopDropping();
      proxy.cut();
      const { version, position, replayed } = await handled;
      expect({ version, replayed }).toEqual({ version: 2, replayed: false });
      const again = await stockOf(shop.database as Database).handle(command, { idempotencyKey: 'k' });
      expect(again).toMatchObject({ version, position, replayed: true });
      expect(await allOf(shop.database as Database)).toHaveLength(2);
    });
  });

  test('leaves one effect when the old request arrives after the key was sent again', async () => {
    await withProxied(async ({ proxy, database, backends }) => {
      const stock = stockOf(database);
      await warmUp(stock);
      proxy.onToServer(isAppend, () => proxy.holdToServer());
      const lost = stock.handle(receive(7), { idempotencyKey: 'k' });
      await eventually(() => expect(proxy.heldBytes).toBeGreaterThan(0));
      const elsewhere = await stockOf(shop.database as Database).handle(receive(7), { idempotencyKey: 'k' });
      proxy.cut();
      proxy.stopHolding();
      const { version, position } = await lost;
      expect({ version, position }).toEqual({ version: elsewhere.version, position: elsewhere.position });
      const before = await backends();
      proxy.release();
      await eventually(async () => expect(await backends()).toBeLessThan(before)); // it has had its request, and left
      expect(await allOf(shop.database as Database)).toHaveLength(2);
    });
  });
});

/** Ten callers on two processes, while both change the stream from outside of each other's mailboxes. */
async function tenTimes(ask: (stock: ReturnType<typeof stockOf>) => Promise<unknown>): Promise<string[]> {
  const [one, two] = processes();
  const stocks = [stockOf(one!), stockOf(two!)];
  await stocks[0]!.handle(receive(50));
  const others = [stockOf(one!), stockOf(two!)].flatMap((stock) =>
    Array.from({ length: 8 }, () => stock.handle(receive(1))),
  );
  const answers = Array.from({ length: 10 }, (_, n) => ask(stocks[n % 2]!));
  await Promise.all(others);
  return (await Promise.all(answers)).map((answer) => JSON.stringify(answer));
}

const rejection = (error: unknown): string => {
  if (!(error instanceof CommandRejected)) throw error;
  return `${error.rejected} ${error.message} ${JSON.stringify(error.details)}`;
};

/** A process decides under a key on a state that another has overtaken: its first append meets a conflict. */
async function reservedAfterConflict(plant: (database: Database) => Pick<Database, 'events' | 'commands'>) {
  const [one, two] = processes();
  const stock = stockOf(plant(one!));
  await stock.handle(receive(5));
  await stockOf(two!).handle(receive(1));
  await stock.handle(reserve('mine'), { idempotencyKey: 'k' });
  return (await reservations(one!)).get('mine') ?? 0;
}

/** The planted bug: the key is inserted by itself, and then the events. */
function keysApart({ events, commands }: Database): Pick<Database, 'events' | 'commands'> {
  const planted = Object.create(events) as Database['events'];
  planted.identity = () => events.identity();
  planted.append = async (append: Append, options) => {
    const keys = (append.commands ?? []).flatMap(({ handled }): HandledCommand[] =>
      handled ? [{ ...handled, stream: append.stream, version: 0, events: 0 }] : [],
    );
    const taken = await commands.record(keys);
    if (taken.size > 0) throw new IdempotencyKeyTaken([...taken]);
    return events.append({ ...append, commands: [{ events: append.events.length }] }, options);
  };
  return { events: planted, commands };
}

/** The statement is prepared then: the next request is one packet. */
const warmUp = (stock: ReturnType<typeof stockOf>) => stock.handle(receive(1), { idempotencyKey: 'warm' });

const isAppend = (bytes: Buffer): boolean => bytes.includes('"v":1,"i":"');

interface Proxied {
  readonly proxy: FaultProxy;
  readonly database: Database;
  /** Connections that the server still has for appends. */
  backends(): Promise<number>;
}

/** A process whose way to the server goes through a proxy. */
async function withProxied(work: (parts: Proxied) => Promise<void>): Promise<void> {
  const direct = new URL(shop.url);
  const proxy = await faultProxy({ host: direct.hostname, port: Number(direct.port) });
  const url = Object.assign(new URL(shop.url), { port: String(proxy.port) }).href;
  const database = shop.another({ url }) as Database;
  const backends = async () =>
    (await shop.admin`SELECT 1 FROM pg_stat_activity WHERE application_name = 'logfold shop append'`).length;
  try {
    await work({ proxy, database, backends });
  } finally {
    proxy.release();
    await database.close();
    await proxy.close();
  }
}
