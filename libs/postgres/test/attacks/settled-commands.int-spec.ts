import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { uuidv7, type Database, type HandledCommand, type SentAt } from '@logfold/core';
import { eventually } from '@logfold/testing';
import { openShop, type OpenShop } from '../support/shop.js';

let shop: OpenShop;
let database: Database;
beforeEach(async () => {
  shop = await openShop();
  database = shop.database as Database;
});
afterEach(() => shop.close());

const sent: SentAt = { subscription: 'deciding', source: 'shop', partition: 0, position: 7n };
const command = (): HandledCommand => ({
  key: uuidv7(),
  payloadHash: 'hash',
  stream: 'one-1',
  version: 0,
  events: 0,
  sent,
});

// A frozen process' statement has read what is settled, and stores its command when the lock that it waits for is free.
test('commands are not settled beside a statement that may still store one of them', async () => {
  const outcome = await straddled(() => database.commands.forgetSettled(sent, 10));
  expect(outcome).toEqual({ settledMeanwhile: false, stored: true });
  await database.commands.forgetSettled(sent, 10); // nobody is in the way any more
  expect(await settled()).toBe(true);
  expect(await database.commands.record([command()])).toHaveProperty('size', 1);
});

test('settling them without the lock lets one be stored behind that, which the attack sees', async () => {
  const withoutLock = () =>
    shop.admin`INSERT INTO logfold.settled VALUES (${sent.subscription}, ${sent.source}, 0, ${String(sent.position)})`;
  expect(await straddled(withoutLock)).toEqual({ settledMeanwhile: true, stored: true });
});

/** Settles commands while a statement that stores one of them has taken its snapshot, and waits for a lock. */
async function straddled(settle: () => PromiseLike<unknown>) {
  await shop.admin.unsafe(`
    CREATE FUNCTION logfold.wait() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
    CREATE TRIGGER wait BEFORE INSERT ON logfold.commands FOR EACH ROW EXECUTE FUNCTION logfold.wait()`);
  const holder = await shop.admin.reserve();
  try {
    await holder`SELECT pg_advisory_lock(7)`;
    const writing = database.commands.record([command()]);
    await eventually(async () => {
      const waiting = await shop.admin`SELECT FROM pg_stat_activity WHERE wait_event = 'advisory'`;
      expect(waiting).toHaveLength(1);
    });
    await settle();
    const settledMeanwhile = await settled();
    await holder`SELECT pg_advisory_unlock(7)`;
    return { settledMeanwhile, stored: (await writing).size === 0 };
  } finally {
    holder.release();
  }
}

async function settled(): Promise<boolean> {
  const rows = await shop.admin`SELECT FROM logfold.settled WHERE position >= ${String(sent.position)}`;
  return rows.length > 0;
}
